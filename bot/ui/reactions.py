"""What a job's owner can ask for by reacting to its message. Everybody else's reactions mean nothing here."""

from dataclasses import dataclass
from enum import StrEnum

import discord
import structlog

from bot.domain.buttons import Action, Button
from bot.domain.job import Job, JobStatus, MessageRef, UserId
from bot.domain.place import Place
from bot.ui.answering import begin, check_may_post, post_waiting, role_ids
from bot.ui.errors import reported
from bot.ui.known_jobs import find_reacted_job
from bot.usecases.cancel import discard_job
from bot.usecases.keep import send_by_dm
from bot.usecases.ports import DeliveryError
from bot.usecases.studio import Studio
from bot.usecases.submit_press import submit_press
from bot.words import speak

log = structlog.get_logger(__name__)

VARIATION_SELECTOR = "\ufe0f"


class Wish(StrEnum):
    DM = "dm"
    DISCARD = "discard"
    UPSCALE = "upscale"
    VARY = "vary"
    AGAIN = "again"


ACTIONS = {Wish.UPSCALE: Action.UPSCALE, Wish.VARY: Action.VARIATION, Wish.AGAIN: Action.REROLL}


@dataclass(frozen=True, slots=True)
class ReactionEmoji:
    """Which emoji stands for which wish; of `upscale` and `vary` the n-th means the n-th picture. Empty means none."""

    dm: str = "✉️"
    discard: str = "❌"
    upscale: tuple[str, ...] = ("1️⃣", "2️⃣", "3️⃣", "4️⃣")
    vary: tuple[str, ...] = ("🇦", "🇧", "🇨", "🇩")
    again: str = "🔄"

    def find(self, emoji: str) -> tuple[Wish, int] | None:
        """The wish, and which picture it is about. Discord sends emoji with or without their variation selector."""
        meanings = {
            _plain(self.dm): (Wish.DM, 0),
            _plain(self.discard): (Wish.DISCARD, 0),
            _plain(self.again): (Wish.AGAIN, 0),
            **{_plain(one): (Wish.UPSCALE, index) for index, one in enumerate(self.upscale)},
            **{_plain(one): (Wish.VARY, index) for index, one in enumerate(self.vary)},
        }
        return meanings.get(_plain(emoji)) if _plain(emoji) else None


def _plain(emoji: str) -> str:
    return emoji.replace(VARIATION_SELECTOR, "")


async def react(
    payload: discord.RawReactionActionEvent, emoji: ReactionEmoji, client: discord.Client, *, studio: Studio
) -> None:
    found = emoji.find(str(payload.emoji))
    if found is None:
        return
    message = MessageRef(payload.channel_id, payload.message_id)
    job = await find_reacted_job(payload, client, studio=studio)
    if job is not None and job.user_id == payload.user_id:
        wish, index = found
        place = Place(
            job.user_id,
            job.user_name,
            message.channel_id,
            job.guild_id,
            role_ids(payload.member),
            locale=job.locale,
        )
        speak(job.locale)
        work = _grant(wish, index, job, place, message, client, studio)
        await reported(work, lambda embed: _tell(job.user_id, embed, studio))


async def _grant(
    wish: Wish, index: int, job: Job, place: Place, message: MessageRef, client: discord.Client, studio: Studio
) -> None:
    match wish:
        case Wish.DM:
            await send_by_dm(job.id, job.user_id, studio=studio)
        case Wish.DISCARD:
            await discard_job(job.id, job.user_id, studio=studio)
        case Wish.UPSCALE | Wish.VARY | Wish.AGAIN if job.is_grid and job.status is JobStatus.SUCCEEDED:
            _check_place(message.channel_id, job.guild_id, client)
            button = Button(ACTIONS[wish], job.id, index)
            child = await submit_press(button, place, message, studio=studio)
            await begin(child, await post_waiting(client, child), studio=studio)
        case _:
            pass


def _check_place(channel_id: int, guild_id: int | None, client: discord.Client) -> None:
    """A reaction does not say what the bot may do where it was made. Raises `NotAllowed`."""
    guild = client.get_guild(guild_id) if guild_id is not None else None
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    if guild and channel:
        check_may_post(channel.permissions_for(guild.me), is_thread=isinstance(channel, discord.Thread))


async def _tell(user_id: UserId, embed: discord.Embed, studio: Studio) -> None:
    """A reaction has no reply of its own, so what went wrong is told by direct message."""
    try:
        await studio.notifier.send_direct(user_id, f"**{embed.title}**\n{embed.description}", [])
    except DeliveryError as refusal:
        log.info("reaction could not be answered", member=user_id, why=str(refusal))
