"""Creating, editing and deleting messages, whoever asks: a member, the bot by its token, or an interaction's webhook.

Routes decide who may; this applies the change to the world and has it announced."""

from collections.abc import Mapping

from bot.sandbox import errors
from bot.sandbox.announce import Announcer
from bot.sandbox.cdn import Cdn
from bot.sandbox.channel import Channel
from bot.sandbox.component_rules import number_components
from bot.sandbox.mentions import Mentions, find_mentions
from bot.sandbox.message import Attachment, Message, MessageFlag, MessageType, Ping, Reference
from bot.sandbox.message_rules import CREATE_FLAGS, check_message
from bot.sandbox.permission import Permission
from bot.sandbox.wire import Body, Json, Upload
from bot.sandbox.world import World

NONCE_SECONDS = 300.0


class Mailbox:
    def __init__(self, world: World, cdn: Cdn, announcer: Announcer) -> None:
        self._world = world
        self._cdn = cdn
        self._announcer = announcer

    def post(self, message: Message, payload: Json, files: Mapping[int, Upload], nonce: str | None) -> Message:
        """Fill a new message from a checked payload, keep it, and tell everybody who may see it."""
        message.flags |= MessageFlag(int(payload.get("flags") or 0)) & CREATE_FLAGS & ~MessageFlag.EPHEMERAL
        message.is_tts = bool(payload.get("tts"))
        self._apply(message, payload, files)
        self._note_mentions(message, payload, is_new=True)
        self._world.add_message(message)
        self._announcer.message_created(message, nonce)
        return message

    def edit(self, message: Message, body: Body, *, payload: Json | None = None) -> Message:
        """Apply what the payload names; what it leaves out stays."""
        changes = body_object(body) if payload is None else payload
        self.check_files(body.files)
        check_message(changes, body.files, previous=message)
        was_loading = message.is_loading
        message.flags &= ~MessageFlag.LOADING
        if changes.get("flags") is not None:
            kept = message.flags & ~MessageFlag.SUPPRESS_EMBEDS
            message.flags = kept | (MessageFlag(int(changes["flags"])) & CREATE_FLAGS)
        self._apply(message, changes, body.files)
        self._note_mentions(message, changes, is_new=False)
        if not was_loading:
            message.edited_at = self._world.clock.utcnow()
        self._announcer.message_updated(message)
        return message

    def delete(self, message: Message) -> None:
        self._world.remove_message(message)
        self._announcer.message_deleted(message)

    def check_files(self, files: Mapping[int, Upload]) -> None:
        limit = self._world.attachment_size_limit
        if len(files) > 10:
            raise errors.bad_field(("files",), "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        if any(len(upload.content) > limit for upload in files.values()):
            raise errors.too_large()

    def find_repeat(self, channel: Channel, author_id: str, payload: Json) -> Message | None:
        """With `enforce_nonce`, the message that the same author just made with the same nonce."""
        if not payload.get("enforce_nonce") or payload.get("nonce") is None:
            return None
        made_at, message_id = self._world.nonces.get((channel.id, author_id, str(payload["nonce"])), (0.0, ""))
        if self._world.clock.now() - made_at > NONCE_SECONDS:
            return None
        return self._world.messages.get(message_id)

    def remember_nonce(self, message: Message, payload: Json) -> None:
        if payload.get("nonce") is not None:
            key = (message.channel_id, message.author_id, str(payload["nonce"]))
            self._world.nonces[key] = (self._world.clock.now(), message.id)

    def resolve_reference(self, channel: Channel, payload: Json) -> tuple[MessageType, Reference | None]:
        raw = payload.get("message_reference")
        if not raw or raw.get("type", 0) != 0:
            return MessageType.DEFAULT, None
        message_id = str(raw.get("message_id"))
        target = self._world.messages.get(message_id)
        if target is None or target.channel_id != channel.id or target.is_ephemeral:
            if raw.get("fail_if_not_exists") is False:
                return MessageType.DEFAULT, None
            raise errors.bad_field(("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return MessageType.REPLY, Reference(channel.id, message_id, channel.guild_id)

    def _apply(self, message: Message, payload: Json, files: Mapping[int, Upload]) -> None:
        if "content" in payload:
            message.content = str(payload["content"] or "").strip()
        if "embeds" in payload:
            message.embeds = list(payload["embeds"] or [])
        if "components" in payload:
            message.components, _ = number_components(list(payload["components"] or []))
        message.attachments = self._attachments(message, payload, files)

    def _attachments(self, message: Message, payload: Json, files: Mapping[int, Upload]) -> list[Attachment]:
        """The listed ones, old and new; without a list, what is there and every new file."""
        if payload.get("attachments") is None and "attachments" not in payload:
            return message.attachments + [self._cdn.store(upload) for upload in files.values()]
        existing = {item.id: item for item in message.attachments}
        kept: list[Attachment] = []
        listed = payload["attachments"] or []
        for item in listed:
            name = str(item.get("id", ""))
            if name in existing:
                kept.append(existing[name])
            elif name.isdigit() and int(name) in files:
                kept.append(self._cdn.store(files[int(name)], item.get("description"), item.get("filename")))
            elif item.get("uploaded_filename"):
                kept.append(self._take_upload(item))
        named = {str(item.get("id", "")) for item in listed}
        unnamed = [upload for number, upload in files.items() if str(number) not in named]
        return kept + [self._cdn.store(upload) for upload in unnamed]

    def _take_upload(self, item: Json) -> Attachment:
        upload = self._cdn.take_slot(str(item["uploaded_filename"]))
        if upload is None:
            raise errors.bad_field(
                ("attachments",), "ATTACHMENT_NOT_FOUND", "Uploaded attachment not found. Try reuploading."
            )
        if len(upload.content) > self._world.attachment_size_limit:
            raise errors.too_large()
        return self._cdn.store(upload, item.get("description"), item.get("filename"))

    def _note_mentions(self, message: Message, payload: Json, *, is_new: bool) -> None:
        """Edits may show a mention, but never notify."""
        if "content" not in payload and not is_new:
            return
        replied = self._world.messages.get(message.reference.message_id) if message.reference else None
        replied_id = replied.author_id if replied and message.type is MessageType.REPLY else None
        found = find_mentions(message.content, payload.get("allowed_mentions"), replied_user_id=replied_id)
        channel = self._world.channels[message.channel_id]
        message.mention_ids = [user_id for user_id in found.user_ids if user_id in self._world.users]
        message.mention_role_ids = [role_id for role_id in found.role_ids if self._has_role(channel, role_id)]
        can_ping_all = self._world.permissions(message.author_id, channel) & Permission.MENTION_EVERYONE
        message.mentions_everyone = found.everyone and bool(can_ping_all)
        if is_new and not message.is_ephemeral:
            self._record_pings(message, found)

    def _record_pings(self, message: Message, found: Mentions) -> None:
        targets = [user_id for user_id in message.mention_ids if user_id != message.author_id]
        targets += message.mention_role_ids
        # Asking for everyone is recorded even where permissions would have prevented it: the request was wrong.
        targets += ["everyone"] if found.everyone else []
        self._world.pings += [Ping(message.id, target) for target in targets]

    def _has_role(self, channel: Channel, role_id: str) -> bool:
        return bool(channel.guild_id) and role_id in self._world.guilds[str(channel.guild_id)].roles


def body_object(body: Body) -> Json:
    """The JSON object of a request, or Discord's answer to anything else."""
    if not body.is_valid:
        raise errors.invalid_json()
    if body.payload is None:
        return {}
    if not isinstance(body.payload, dict):
        raise errors.bad_field((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return body.payload
