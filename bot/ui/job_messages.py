"""Messages about a job where it was asked for: by the bot's own token, or, where the bot is no member, through the door
that the interaction left open. Knows no wording.
"""

from collections.abc import Sequence
from typing import Any

import discord

from bot.domain.job import Door, Job, MessageRef
from bot.ui.posting import NO_WAY_BACK, delivery_errors, message_at, only_pinging, post
from bot.usecases.ports import DeliveryRefused

MISSING: Any = discord.utils.MISSING


async def post_for(
    client: discord.Client,
    job: Job,
    content: str,
    *,
    files: Sequence[discord.File] = (),
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
    ping: int | None = None,
) -> MessageRef:
    """A new message, replying to the pressed one where that can be. Raises a `DeliveryError`."""
    if job.door is None:
        return await post(
            client,
            job.channel_id,
            content,
            files=files,
            embed=embed,
            view=view,
            reply_to=job.pressed_message,
            ping=ping,
        )
    webhook = _way_in(client, job.door)
    with delivery_errors():
        message = await webhook.send(
            content,
            files=files or MISSING,
            embed=embed or MISSING,
            view=view or MISSING,
            allowed_mentions=only_pinging(ping),
            wait=True,
        )
    return MessageRef(job.channel_id, message.id)


async def edit_for(
    client: discord.Client,
    job: Job,
    message: MessageRef,
    *,
    content: str,
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = MISSING,
    attachments: Sequence[discord.File] = MISSING,
) -> None:
    """An `embed` or `view` of None takes it away; what is left out stays. Raises what discord.py raises."""
    changes: dict[str, Any] = {"content": content, "embed": embed, "view": view, "attachments": attachments}
    if job.door is None:
        await message_at(client, message).edit(**{k: v for k, v in changes.items() if v is not MISSING})
    else:
        await _way_in(client, job.door).edit_message(message.message_id, **changes)


async def delete_for(client: discord.Client, job: Job, message: MessageRef) -> None:
    """Raises what discord.py raises."""
    if job.door is None:
        await message_at(client, message).delete()
    else:
        await _way_in(client, job.door).delete_message(message.message_id)


def _way_in(client: discord.Client, door: Door) -> discord.Webhook:
    """Raises `DeliveryRefused` once it is shut."""
    if client.application_id is None or door.open_until <= discord.utils.utcnow():
        raise DeliveryRefused(NO_WAY_BACK)
    return discord.Webhook.partial(client.application_id, door.token, client=client)
