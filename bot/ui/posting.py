"""Placing a message by the bot's own token, which outlives any interaction, and saying why when it cannot be placed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import aiohttp
import discord
from discord.http import handle_message_parameters

from bot.domain.job import MessageRef
from bot.domain.said import Said
from bot.usecases.ports import DeliveryDelayed, DeliveryError, DeliveryRefused, FileTooLarge

UNKNOWN_CHANNEL = 10003
TOO_MANY_ANSWERS = 40094
INVALID_WEBHOOK_TOKEN = 50027
UNKNOWN_MESSAGE = 10008
REQUEST_TOO_LARGE = 40005
MISSING_ACCESS = 50001
CANNOT_DM = 50007
MISSING_PERMISSIONS = 50013

NO_WAY_BACK = Said("I am no member there, and Discord lets me answer for 15 minutes only")
REFUSALS = {
    INVALID_WEBHOOK_TOKEN: NO_WAY_BACK,
    TOO_MANY_ANSWERS: Said("I am no member there, and Discord lets me answer a few times only"),
    UNKNOWN_CHANNEL: Said("the channel is gone"),
    MISSING_ACCESS: Said("I may not see that channel"),
    CANNOT_DM: Said("direct messages are closed"),
    MISSING_PERMISSIONS: Said("I may not write or attach files there"),
}

LINE_TROUBLE = (aiohttp.ClientError, OSError)
"""What discord.py lets through when the line drops in the middle of a request."""


async def post(
    client: discord.Client,
    channel_id: int,
    content: str,
    *,
    files: Sequence[discord.File] = (),
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
    reply_to: MessageRef | None = None,
    ping: int | None = None,
) -> MessageRef:
    """A new message. Only the member named by `ping` is notified. Raises a `DeliveryError`.

    It goes past `Messageable.send`, which puts a nonce on every message: clients take a message with a nonce for
    the answer to a request of theirs.
    """
    reference = _reference(reply_to, channel_id)
    with (
        handle_message_parameters(
            content=content,
            files=files or discord.utils.MISSING,
            embed=embed or discord.utils.MISSING,
            view=view or discord.utils.MISSING,
            allowed_mentions=only_pinging(ping),
            message_reference=reference.to_message_reference_dict() if reference else discord.utils.MISSING,
        ) as params,
        delivery_errors(),
    ):
        sent = await client.http.send_message(channel_id, params=params)
    return MessageRef(channel_id, int(sent["id"]))


def _reference(reply_to: MessageRef | None, channel_id: int) -> discord.MessageReference | None:
    """A reply stays a message of its own when what it answers is gone. Discord takes none across channels."""
    if reply_to is None or reply_to.channel_id != channel_id:
        return None
    return discord.MessageReference(message_id=reply_to.message_id, channel_id=channel_id, fail_if_not_exists=False)


def only_pinging(user_id: int | None) -> discord.AllowedMentions:
    pinged = False if user_id is None else [discord.Object(user_id)]
    return discord.AllowedMentions(everyone=False, roles=False, replied_user=False, users=pinged)


def message_at(client: discord.Client, message: MessageRef) -> discord.PartialMessage:
    """A handle on a message that was not fetched."""
    return client.get_partial_messageable(message.channel_id).get_partial_message(message.message_id)


@contextmanager
def delivery_errors() -> Iterator[None]:
    """What discord.py raises becomes the `DeliveryError` that says whether another try is worth it."""
    try:
        yield
    except discord.HTTPException as error:
        raise as_delivery_error(error) from error
    except discord.RateLimited as error:
        raise DeliveryDelayed("Discord asks to slow down", error.retry_after) from error
    except LINE_TROUBLE as error:
        raise DeliveryDelayed(f"the line to Discord dropped: {error}") from error


def as_delivery_error(error: discord.HTTPException) -> DeliveryError:
    if error.status == 413 or error.code == REQUEST_TOO_LARGE:
        return FileTooLarge("the file is larger than the channel takes")
    if error.status == 429:
        return DeliveryDelayed("Discord asks to slow down", _retry_after(error))
    if error.status >= 500:
        return DeliveryDelayed(f"Discord has trouble (status {error.status})")
    return DeliveryRefused(REFUSALS.get(error.code, Said("Discord refused it (code {code})", code=error.code)))


def _retry_after(error: discord.HTTPException) -> float | None:
    try:
        return float(error.response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
