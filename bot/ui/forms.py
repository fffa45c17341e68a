"""Where a filled form goes, decided by its custom id alone, so that a form outlives a restart."""

from bot.domain.buttons import Button
from bot.domain.errors import EmptyPrompt
from bot.domain.job import MessageRef
from bot.ui.answering import Interaction, place_of
from bot.ui.batch_presses import submit_batch_form
from bot.ui.errors import UnknownButton
from bot.ui.presses import go_on
from bot.ui.suggestion_presses import submit_prompt_form
from bot.ui.views.batch import parse_batch_form
from bot.ui.views.form import read_fields
from bot.ui.views.suggestions import is_prompt_form
from bot.usecases.open_form import find_press
from bot.usecases.studio import Studio


async def submit_form(interaction: Interaction, custom_id: str, *, studio: Studio) -> None:
    """Raises a `StudioError` for the member; `UnknownButton` when the id is not one of ours."""
    if batch_id := parse_batch_form(custom_id):
        await submit_batch_form(interaction, batch_id, read_fields(interaction), studio=studio)
    elif button := await _find_press(interaction, custom_id, studio):
        await go_on(interaction, button, studio=studio, wording=_wording(interaction))
    elif is_prompt_form(custom_id):
        await submit_prompt_form(interaction, read_fields(interaction), studio=studio)
    else:
        raise UnknownButton


async def _find_press(interaction: Interaction, custom_id: str, studio: Studio) -> Button | None:
    place, message = place_of(interaction), interaction.message
    if message is None:
        return None
    return await find_press(custom_id, place.user_id, MessageRef(place.channel_id, message.id), studio=studio)


def _wording(interaction: Interaction) -> str:
    """These forms have one field. Raises `EmptyPrompt`."""
    wording = next(iter(read_fields(interaction).values()), "").strip()
    if not wording:
        raise EmptyPrompt
    return wording
