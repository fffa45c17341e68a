"""What a member reads when something goes wrong: one table, and the one place where unknown errors end.

An unknown error is logged with its trace under an incident id, and the id is what the member is shown.
"""

import secrets
from collections.abc import Awaitable, Callable

import discord
import structlog
from discord import app_commands

from bot.domain.errors import PressedTwice, StudioError
from bot.domain.job import FailureReason, Job
from bot.domain.said import Said
from bot.ui.posting import LINE_TROUBLE
from bot.ui.views.form import read_fields
from bot.usecases.ports import DeliveryDelayed, DeliveryError
from bot.words import speaking, spoken

log = structlog.get_logger(__name__)

RED = 16711680
FOOTER_LIMIT = 2_048
WENT_WRONG = "Sorry, something went wrong"

FAILURES = {
    FailureReason.ENGINE: Said("The picture could not be drawn. Please try again."),
    FailureReason.OUT_OF_MEMORY: Said(
        "The machine has too little memory for this picture. Try a squarer shape, or again when less is going on.",
    ),
    FailureReason.BAD_PICTURE: Said(
        "The model produced no usable picture for this prompt and seed. Please send it again, or change a word.",
    ),
    FailureReason.MODEL: Said("The model is out of order. The operator has been told; try again later."),
    FailureReason.DISK_FULL: Said(
        "The studio's disk is full, so the picture could not be kept. The operator has been told.",
    ),
    FailureReason.INTERRUPTED: Said(
        "The studio broke down each time it drew this, so it was given up. Please try other words or settings.",
    ),
    FailureReason.STORE: Said(
        "The studio cannot get at its pictures just now, so this one could not be kept. Please try again in a while.",
    ),
    FailureReason.SOURCE_GONE: Said("The picture that this one starts from is no longer here."),
}


class UnknownButton(StudioError):
    def __init__(self) -> None:
        super().__init__("I do not know this button any more. Use `/gallery` to find the picture, or `/imagine` anew.")


class StaleCommand(StudioError):
    def __init__(self) -> None:
        super().__init__("This command has changed since your Discord last looked. Restart Discord and try again.")


class ChatTrouble(StudioError):
    title = WENT_WRONG

    def __init__(self) -> None:
        super().__init__("Discord did not take what I wanted to send. Please try again in a moment.")


def error_embed(title: str, sentence: str, *, footer: str | None = None) -> discord.Embed:
    """Programs know the title; `sentence` is said in the member's language."""
    embed = discord.Embed(title=title, description=spoken(sentence), colour=RED)
    return embed.set_footer(text=footer) if footer else embed


def failure_embed(job: Job) -> discord.Embed:
    """Why a job ended without a picture."""
    reason = job.failure or FailureReason.ENGINE
    title = "Invalid request" if reason is FailureReason.SOURCE_GONE else "Internal error"
    with speaking(job.locale):
        return error_embed(title, FAILURES[reason], footer=job.incident_id)


def embed_for(error: BaseException) -> discord.Embed:
    """The embed for any error at all. One that is not ours is logged here."""
    known = _as_studio_error(error)
    if known is not None:
        return error_embed(known.title, known.sentence)
    incident = secrets.token_hex(4)
    log.error("request failed", incident=incident, exc_info=error)
    noted = Said("The studio has noted what happened. Please try again in a moment.")
    return error_embed(WENT_WRONG, noted, footer=incident)


def _as_studio_error(error: BaseException) -> StudioError | None:
    match error:
        case StudioError():
            return error
        case app_commands.CommandInvokeError():
            return _as_studio_error(error.original)
        case app_commands.CheckFailure(__cause__=cause) if cause is not None:
            return _as_studio_error(cause)
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return StaleCommand()
        case DeliveryDelayed() | DeliveryError():
            return ChatTrouble()
        case _:
            return None


async def answered(interaction: discord.Interaction[discord.Client], work: Awaitable[None]) -> None:
    """The boundary of everything that a press starts: whatever happens, the member gets an answer."""
    try:
        await work
    except Exception as error:
        await answer_error(interaction, error)


async def reported(work: Awaitable[None], tell: Callable[[discord.Embed], Awaitable[None]]) -> None:
    """The boundary of what no interaction can answer for, such as a reaction: `tell` finds another way."""
    try:
        await work
    except PressedTwice:
        return
    except Exception as error:
        await tell(embed_for(error))


async def answer_error(interaction: discord.Interaction[discord.Client], error: Exception) -> None:
    """Say it to the member alone, in whatever way this interaction can still be answered."""
    try:
        if isinstance(error, PressedTwice):
            await _nod(interaction)
        else:
            await _say(interaction, _with_prompt(embed_for(error), interaction))
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        log.warning("interaction could not be answered", interaction=interaction.id, why=str(trouble))


def _with_prompt(embed: discord.Embed, interaction: discord.Interaction[discord.Client]) -> discord.Embed:
    """What was typed comes back in the small print, so that nobody has to type it again."""
    typed = _typed(interaction)
    return embed.set_footer(text=typed[:FOOTER_LIMIT]) if typed and not embed.footer.text else embed


def _typed(interaction: discord.Interaction[discord.Client]) -> str:
    """A command with its prompt, or what stood in a form."""
    match interaction.type:
        case discord.InteractionType.application_command if prompt := getattr(interaction.namespace, "prompt", None):
            command = interaction.command.qualified_name if interaction.command else "imagine"
            return f"/{command} {prompt}"
        case discord.InteractionType.modal_submit:
            return "\n".join(read_fields(interaction).values()).strip()
        case _:
            return ""


async def _say(interaction: discord.Interaction[discord.Client], embed: discord.Embed) -> None:
    match interaction.response.type:
        case None:
            await interaction.response.send_message(embed=embed, ephemeral=True)
        case discord.InteractionResponseType.deferred_channel_message:
            await interaction.edit_original_response(embed=embed, attachments=[], view=None)
        case _:
            await interaction.followup.send(embed=embed, ephemeral=True)


async def _nod(interaction: discord.Interaction[discord.Client]) -> None:
    """A second press of the same button needs no words: the first one is being worked on."""
    match interaction.response.type:
        case None:
            await interaction.response.defer()
        case discord.InteractionResponseType.deferred_channel_message:
            await interaction.delete_original_response()
        case _:
            pass
