"""From the world's records to the objects that cross the wire, for one viewer. Absent things are left out."""

from bot.sandbox.cdn import Cdn
from bot.sandbox.channel import Channel, ChannelType
from bot.sandbox.message import Attachment, Message, MessageFlag, MessageType
from bot.sandbox.wire import Json
from bot.sandbox.world import World


class Renderer:
    def __init__(self, world: World, cdn: Cdn) -> None:
        self._world = world
        self._cdn = cdn

    def message(self, message: Message, viewer_id: str, *, with_reference: bool = True) -> Json:
        """A MessageResponse; reactions know whether they are the viewer's own."""
        users = self._world.users
        payload: Json = {
            "type": int(message.type),
            "content": message.content,
            "mentions": [users[user_id].payload() for user_id in message.mention_ids],
            "mention_roles": list(message.mention_role_ids),
            "attachments": [self.attachment(item, message) for item in message.attachments],
            "embeds": [self._embed(embed, message) for embed in message.embeds],
            "timestamp": message.created_at.isoformat(),
            "edited_timestamp": message.edited_at.isoformat() if message.edited_at else None,
            "flags": int(message.flags),
            "components": message.components,
            "id": message.id,
            "channel_id": message.channel_id,
            "author": users[message.author_id].payload(),
            "pinned": message.is_pinned,
            "mention_everyone": message.mentions_everyone,
            "tts": message.is_tts,
        }
        if message.application_id is not None:
            payload |= {"application_id": message.application_id, "webhook_id": message.application_id}
        if message.interaction is not None:
            payload["interaction"] = message.interaction
        if message.interaction_metadata is not None:
            payload["interaction_metadata"] = message.interaction_metadata
        if message.reactions:
            payload["reactions"] = [
                self._reaction(emoji, user_ids, viewer_id) for emoji, user_ids in message.reactions.items()
            ]
        if message.thread_id in self._world.channels:
            payload["thread"] = self._world.channels[message.thread_id].payload()
        if message.reference is not None:
            payload |= self._reference(message, viewer_id, with_message=with_reference)
        return payload

    def event_message(self, message: Message, viewer_id: str) -> Json:
        """The same for the gateway: with guild and member, except on ephemeral messages, which have neither."""
        payload = self.message(message, viewer_id)
        channel = self._world.channels.get(message.channel_id)
        if channel is None or channel.guild_id is None or message.is_ephemeral:
            return payload
        payload["guild_id"] = channel.guild_id
        member = self._world.find_member(channel.guild_id, message.author_id)
        if member is not None:
            payload["member"] = member.payload(with_user=False)
        return payload

    def without_content(self, payload: Json) -> Json:
        """What a bot without the message content intent reads of other people's messages."""
        return payload | {"content": "", "embeds": [], "attachments": [], "components": []}

    def attachment(self, attachment: Attachment, message: Message) -> Json:
        url = self._cdn.message_address(attachment, message)
        return attachment_payload(attachment, url) | ({"ephemeral": True} if message.is_ephemeral else {})

    def channel(self, channel: Channel, viewer_id: str) -> Json:
        if channel.type is not ChannelType.DIRECT:
            return channel.payload()
        others = [user_id for user_id in channel.recipient_ids if user_id != viewer_id]
        return channel.direct_payload([self._world.users[user_id].payload() for user_id in others])

    def guild(self, guild_id: str, viewer_id: str) -> Json:
        """A GUILD_CREATE object: a bot without the members intent is told of itself alone."""
        guild = self._world.guilds[guild_id]
        channels = [channel for channel in self._world.channels.values() if channel.guild_id == guild_id]
        is_bot = self._world.users[viewer_id].bot
        members = [member.payload() for member in guild.members.values() if not is_bot or member.user.id == viewer_id]
        return guild.payload() | {
            "joined_at": guild.created_at.isoformat(),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "voice_states": [],
            "members": members,
            "channels": [channel.payload() for channel in channels if not channel.is_thread],
            "threads": [
                channel.payload()
                for channel in channels
                if channel.is_thread and self._world.can_see(viewer_id, channel)
            ],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _reference(self, message: Message, viewer_id: str, *, with_message: bool) -> Json:
        reference = message.reference
        if reference is None:
            return {}
        payload: Json = {
            "message_reference": {
                "type": 0,
                "channel_id": reference.channel_id,
                "message_id": reference.message_id,
            }
        }
        if reference.guild_id:
            payload["message_reference"]["guild_id"] = reference.guild_id
        if with_message and message.type is MessageType.REPLY:
            target = self._world.find_message(reference.message_id, viewer_id)
            payload["referenced_message"] = self.message(target, viewer_id, with_reference=False) if target else None
        return payload

    def _reaction(self, emoji: str, user_ids: list[str], viewer_id: str) -> Json:
        return {
            "emoji": emoji_payload(emoji),
            "count": len(user_ids),
            "count_details": {"burst": 0, "normal": len(user_ids)},
            "burst_colors": [],
            "me_burst": False,
            "me": viewer_id in user_ids,
        }

    def _embed(self, embed: Json, message: Message) -> Json:
        """Pictures named `attachment://file` get the address of that attachment."""
        rendered: Json = {"type": "rich", **embed}
        for part in ("image", "thumbnail"):
            url = str((embed.get(part) or {}).get("url", ""))
            if url.startswith("attachment://"):
                rendered[part] = {**embed[part], "url": self._attachment_url(url, message)}
        return rendered

    def _attachment_url(self, url: str, message: Message) -> str:
        filename = url.removeprefix("attachment://")
        found = next((item for item in message.attachments if item.filename == filename), None)
        return self._cdn.message_address(found, message) if found else url


def attachment_payload(attachment: Attachment, url: str) -> Json:
    payload: Json = {
        "id": attachment.id,
        "filename": attachment.filename,
        "size": attachment.size,
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
    }
    if attachment.width is not None and attachment.height is not None:
        payload |= {"width": attachment.width, "height": attachment.height}
    if attachment.description:
        payload["description"] = attachment.description
    return payload


def emoji_payload(emoji: str) -> Json:
    """`🔄` stays itself; `name:id` is a custom emoji."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name}


def is_hidden_from_bot(message: Message, bot_id: str, channel: Channel) -> bool:
    """Without the content intent a bot reads only its own, direct, and mentioning messages."""
    is_open = message.author_id == bot_id or bot_id in message.mention_ids
    return not (is_open or channel.type is ChannelType.DIRECT or message.flags & MessageFlag.EPHEMERAL)
