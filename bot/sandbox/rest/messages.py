"""Messages of a channel: history, posting, editing, deleting, and reactions. Ephemeral messages are unknown here."""

from urllib.parse import unquote

from bot.sandbox import errors
from bot.sandbox.announce import Announcer
from bot.sandbox.channel import Channel, ChannelType
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.message import Message
from bot.sandbox.message_rules import check_message
from bot.sandbox.permission import Permission
from bot.sandbox.render import Renderer
from bot.sandbox.rest.endpoint import Call, Route
from bot.sandbox.wire import NO_CONTENT, Json, Reply
from bot.sandbox.world import World

MAX_REACTIONS = 20


class MessageRoutes:
    def __init__(self, world: World, mailbox: Mailbox, announcer: Announcer, renderer: Renderer) -> None:
        self._world = world
        self._mailbox = mailbox
        self._announcer = announcer
        self._renderer = renderer

    def routes(self) -> list[Route]:
        messages = "/channels/{channel_id}/messages"
        one = f"{messages}/{{message_id}}"
        return [
            Route("GET", messages, self._history),
            Route("POST", messages, self._post),
            Route("POST", f"{messages}/bulk-delete", self._bulk_delete),
            Route("GET", one, self._get),
            Route("PATCH", one, self._edit),
            Route("DELETE", one, self._delete),
            Route("POST", f"{one}/ack", self._read),
            Route("DELETE", f"{one}/reactions", self._clear_reactions),
            Route("GET", f"{one}/reactions/{{emoji}}", self._list_reactions),
            Route("DELETE", f"{one}/reactions/{{emoji}}", self._clear_reactions),
            Route("PUT", f"{one}/reactions/{{emoji}}/@me", self._react),
            Route("DELETE", f"{one}/reactions/{{emoji}}/{{user_id}}", self._unreact),
        ]

    async def _history(self, call: Call) -> Reply:
        """Newest first, `limit` 1 to 100; without the right to read history, nothing."""
        channel = self._channel(call)
        viewer = call.who.user.id
        if not self._world.permissions(viewer, channel) & Permission.READ_MESSAGE_HISTORY:
            return Reply(200, [])
        limit = _limit(call.query.get("limit", "50"))
        ids = [int(message_id) for message_id in channel.message_ids]
        if around := call.query.get("around"):
            middle = sum(each < int(around) for each in ids)
            ids = ids[max(0, middle - limit // 2) : middle + limit - limit // 2]
        elif after := call.query.get("after"):
            ids = [each for each in ids if each > int(after)][:limit]
        elif before := call.query.get("before"):
            ids = [each for each in ids if each < int(before)]
        newest_first = [str(each) for each in reversed(ids)][:limit]
        return Reply(200, [self._renderer.message(self._world.messages[each], viewer) for each in newest_first])

    async def _post(self, call: Call) -> Reply:
        channel = self._writable_channel(call)
        payload = call.payload
        repeat = self._mailbox.find_repeat(channel, call.who.user.id, payload)
        if repeat is not None:
            return self._reply(repeat, call)
        self._mailbox.check_files(call.files)
        check_message(payload, call.files)
        kind, reference = self._mailbox.resolve_reference(channel, payload)
        message = Message(
            id=self._world.snowflakes.next(),
            channel_id=channel.id,
            author_id=call.who.user.id,
            created_at=self._world.clock.utcnow(),
            type=kind,
            reference=reference,
        )
        nonce = str(payload["nonce"]) if payload.get("nonce") is not None else None
        self._mailbox.post(message, payload, call.files, nonce)
        self._mailbox.remember_nonce(message, payload)
        rendered = self._renderer.message(message, call.who.user.id)
        return Reply(200, rendered | ({"nonce": nonce} if nonce is not None else {}))

    async def _get(self, call: Call) -> Reply:
        channel = self._channel(call, Permission.READ_MESSAGE_HISTORY)
        return self._reply(self._world.get_message(channel.id, call.params["message_id"]), call)

    async def _edit(self, call: Call) -> Reply:
        message = self._world.get_message(self._channel(call).id, call.params["message_id"])
        if message.author_id != call.who.user.id:
            raise errors.not_author()
        return self._reply(self._mailbox.edit(message, call.body), call)

    async def _delete(self, call: Call) -> Reply:
        channel = self._channel(call)
        message = self._world.get_message(channel.id, call.params["message_id"])
        if message.author_id != call.who.user.id:
            self._world.require(call.who.user.id, channel, Permission.MANAGE_MESSAGES)
        self._mailbox.delete(message)
        return NO_CONTENT

    async def _bulk_delete(self, call: Call) -> Reply:
        channel = self._channel(call, Permission.MANAGE_MESSAGES)
        for message_id in call.payload.get("messages") or []:
            if str(message_id) in channel.message_ids:
                self._mailbox.delete(self._world.messages[str(message_id)])
        return NO_CONTENT

    async def _read(self, call: Call) -> Reply:
        self._channel(call)
        return Reply(200, {"token": None})

    async def _react(self, call: Call) -> Reply:
        channel = self._channel(call, Permission.READ_MESSAGE_HISTORY)
        message = self._world.get_message(channel.id, call.params["message_id"])
        emoji, user_id = _emoji(call), call.who.user.id
        if emoji not in message.reactions:
            self._world.require(user_id, channel, Permission.ADD_REACTIONS)
            if len(message.reactions) >= MAX_REACTIONS:
                raise errors.ApiError(400, 30010, "Maximum number of reactions reached (20)")
        user_ids = message.reactions.setdefault(emoji, [])
        if user_id not in user_ids:
            user_ids.append(user_id)
            self._announcer.reaction_changed(message, emoji, user_id, is_added=True)
        return NO_CONTENT

    async def _unreact(self, call: Call) -> Reply:
        channel = self._channel(call)
        message = self._world.get_message(channel.id, call.params["message_id"])
        wanted = call.params["user_id"]
        user_id = call.who.user.id if wanted == "@me" else wanted
        if user_id != call.who.user.id:
            self._world.require(call.who.user.id, channel, Permission.MANAGE_MESSAGES)
        emoji = _emoji(call)
        if user_id in message.reactions.get(emoji, []):
            message.reactions[emoji].remove(user_id)
            if not message.reactions[emoji]:
                del message.reactions[emoji]
            self._announcer.reaction_changed(message, emoji, user_id, is_added=False)
        return NO_CONTENT

    async def _list_reactions(self, call: Call) -> Reply:
        message = self._world.get_message(self._channel(call).id, call.params["message_id"])
        user_ids = message.reactions.get(_emoji(call), [])
        return Reply(200, [self._world.users[user_id].payload() for user_id in user_ids])

    async def _clear_reactions(self, call: Call) -> Reply:
        channel = self._channel(call, Permission.MANAGE_MESSAGES)
        message = self._world.get_message(channel.id, call.params["message_id"])
        if "emoji" in call.params:
            message.reactions.pop(_emoji(call), None)
            self._announcer.reactions_cleared(message, _emoji(call))
        else:
            message.reactions.clear()
            self._announcer.reactions_cleared(message)
        return NO_CONTENT

    def _writable_channel(self, call: Call) -> Channel:
        channel = self._channel(call)
        user = call.who.user
        if channel.type is ChannelType.DIRECT:
            others = [item for item in channel.recipient_ids if item != user.id]
            if not all(self._world.users[item].has_open_dms for item in others):
                raise errors.closed_dms()
        needed = [Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES]
        if call.files:
            needed.append(Permission.ATTACH_FILES)
        if call.payload.get("embeds"):
            needed.append(Permission.EMBED_LINKS)
        if call.payload.get("message_reference"):
            needed.append(Permission.READ_MESSAGE_HISTORY)
        self._world.require(user.id, channel, *needed)
        return channel

    def _channel(self, call: Call, *needed: Permission) -> Channel:
        who = call.who
        channel = self._world.get_channel(call.params["channel_id"])
        self._world.require(who.user.id, channel, *needed)
        return channel

    def _reply(self, message: Message, call: Call) -> Reply:
        rendered: Json = self._renderer.message(message, call.who.user.id)
        return Reply(200, rendered)


def _limit(raw: str) -> int:
    if not raw.isdigit() or not 1 <= int(raw) <= 100:
        raise errors.bad_field(("limit",), "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    return int(raw)


def _emoji(call: Call) -> str:
    """A plain emoji or `name:id`; letters alone are no emoji."""
    emoji = unquote(call.params["emoji"])
    if not emoji or (emoji.isascii() and ":" not in emoji):
        raise errors.unknown_emoji()
    return emoji
