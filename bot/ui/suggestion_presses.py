"""What the buttons under numbered prompts do, and the forms that they open."""

import discord

from bot.domain.errors import EmptyPrompt
from bot.domain.job import UserId
from bot.ui.answering import Interaction, drawing_place_of, in_time, queued_notice, show_waiting, tell_notices
from bot.ui.batch_presses import ask_about_batch, show_all
from bot.ui.commands.words import show_description
from bot.ui.errors import UnknownButton
from bot.ui.render_answers import details_embed, read_prompts, read_weighed_prompt
from bot.ui.views.suggestions import FIELDS, Deed, SuggestionButton, described_form, imagine_form
from bot.usecases.answers import weigh_prompt
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import BatchQuestion, submit_imagine


async def press_suggestion(interaction: Interaction, button: SuggestionButton, *, studio: Studio) -> None:
    """Raises a `StudioError`; `UnknownButton` for a message that does not hold what its button is about."""
    message = interaction.message
    if message is None:
        raise UnknownButton
    match button.deed:
        case Deed.FILL_DESCRIBED:
            form = described_form(button.number, _prompt_of(message, button.number))
            await interaction.response.send_modal(form)
        case Deed.FILL_SHORTENED:
            form = imagine_form(message.id, _prompt_of(message, button.number))
            await interaction.response.send_modal(form)
        case Deed.IMAGINE_ALL:
            await _imagine_all(interaction, read_prompts(message), studio)
        case Deed.DESCRIBE_AGAIN:
            await _describe_again(interaction, message, studio)
        case Deed.SHOW_DETAILS:
            await _show_details(interaction, message, studio)


async def submit_prompt_form(interaction: Interaction, fields: dict[str, str], *, studio: Studio) -> None:
    prompt = next((fields[field] for field in FIELDS if field in fields), "")
    if not prompt.strip():
        raise EmptyPrompt
    outcome = await in_time(interaction, submit_imagine(prompt, drawing_place_of(interaction), studio=studio))
    if isinstance(outcome, BatchQuestion):
        await ask_about_batch(interaction, outcome)
        return
    [job] = outcome.jobs
    await show_waiting(interaction, job, await queued_notice(job, studio=studio), studio=studio)
    await tell_notices(interaction, outcome.notices)


async def _imagine_all(interaction: Interaction, prompts: list[str], studio: Studio) -> None:
    """One after the other, until one does not fit any more; that one is told, and those before it are drawn."""
    if not prompts:
        raise UnknownButton
    place = drawing_place_of(interaction)
    await interaction.response.defer()
    for prompt in prompts:
        outcome = await submit_imagine(prompt, place, studio=studio)
        if not isinstance(outcome, BatchQuestion):
            await show_all(interaction, outcome.jobs, studio=studio)


async def _describe_again(interaction: Interaction, message: discord.Message, studio: Studio) -> None:
    picture = message.embeds[0].image.url if message.embeds else None
    if picture is None:
        raise UnknownButton
    await interaction.response.defer()
    await show_description(interaction, picture, studio=studio)


async def _show_details(interaction: Interaction, message: discord.Message, studio: Studio) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    words = await weigh_prompt(read_weighed_prompt(message), UserId(interaction.user.id), studio=studio)
    await interaction.edit_original_response(embed=details_embed(words))


def _prompt_of(message: discord.Message, number: int) -> str:
    prompts = read_prompts(message)
    if number > len(prompts):
        raise UnknownButton
    return prompts[number - 1]
