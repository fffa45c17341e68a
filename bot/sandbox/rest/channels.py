"""Channels: reading, typing, threads, and removing them."""

from bot.sandbox import errors
from bot.sandbox.announce import Announcer
from bot.sandbox.channel import Channel, ChannelType
from bot.sandbox.message import MessageFlag
from bot.sandbox.permission import Permission
from bot.sandbox.render import Renderer
from bot.sandbox.rest.endpoint import Call, Route
from bot.sandbox.wire import NO_CONTENT, Reply
from bot.sandbox.world import World


class ChannelRoutes:
    def __init__(self, world: World, announcer: Announcer, renderer: Renderer) -> None:
        self._world = world
        self._announcer = announcer
        self._renderer = renderer

    def routes(self) -> list[Route]:
        channel = "/channels/{channel_id}"
        return [
            Route("GET", channel, self._get),
            Route("PATCH", channel, self._edit),
            Route("DELETE", channel, self._delete),
            Route("POST", f"{channel}/typing", self._type),
            Route("POST", f"{channel}/threads", self._start_thread),
            Route("POST", f"{channel}/messages/{{message_id}}/threads", self._start_thread),
            Route("PUT", f"{channel}/thread-members/{{user_id}}", self._join_thread),
            Route("DELETE", f"{channel}/thread-members/{{user_id}}", self._join_thread),
        ]

    async def _get(self, call: Call) -> Reply:
        return Reply(200, self._renderer.channel(self._channel(call), call.who.user.id))

    async def _edit(self, call: Call) -> Reply:
        channel = self._channel(call, Permission.MANAGE_THREADS)
        channel.name = str(call.payload.get("name", channel.name))
        channel.topic = call.payload.get("topic", channel.topic)
        channel.is_archived = bool(call.payload.get("archived", channel.is_archived))
        name = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self._announcer.channel_changed(name, channel)
        return Reply(200, self._renderer.channel(channel, call.who.user.id))

    async def _delete(self, call: Call) -> Reply:
        channel = self._channel(call)
        if channel.type is ChannelType.DIRECT:
            return Reply(200, self._renderer.channel(channel, call.who.user.id))
        self._world.require(call.who.user.id, channel, Permission.MANAGE_CHANNELS)
        self.remove(channel)
        return Reply(200, channel.payload())

    async def _type(self, call: Call) -> Reply:
        channel = self._channel(call, Permission.SEND_MESSAGES)
        self._announcer.typing_started(channel, call.who.user.id)
        return NO_CONTENT

    async def _start_thread(self, call: Call) -> Reply:
        parent = self._channel(call, Permission.CREATE_PUBLIC_THREADS)
        form = errors.FormErrors()
        form.check_length(("name",), call.payload.get("name"), 1, 100)
        form.raise_if_any()
        message_id = call.params.get("message_id")
        message = self._world.get_message(parent.id, message_id) if message_id else None
        if message is not None and message.thread_id:
            raise errors.already_has_thread()
        kind = ChannelType(int(call.payload.get("type") or (11 if message else 12)))
        thread = Channel(
            # A thread that hangs on a message shares its id.
            id=message.id if message else self._world.snowflakes.next(),
            type=kind,
            created_at=self._world.clock.utcnow(),
            name=str(call.payload["name"]),
            guild_id=parent.guild_id,
            parent_id=parent.id,
            owner_id=call.who.user.id,
        )
        self._world.channels[thread.id] = thread
        self._announcer.channel_changed("THREAD_CREATE", thread)
        if message is not None:
            message.thread_id = thread.id
            message.flags |= MessageFlag.HAS_THREAD
            self._announcer.message_updated(message)
        return Reply(201, thread.payload())

    async def _join_thread(self, call: Call) -> Reply:
        self._channel(call)
        return NO_CONTENT

    def remove(self, channel: Channel) -> None:
        """The channel and its threads go, with all messages."""
        for thread in [item for item in self._world.channels.values() if item.parent_id == channel.id]:
            self._world.remove_channel(thread.id)
            self._announcer.channel_changed("THREAD_DELETE", thread)
        self._world.remove_channel(channel.id)
        self._announcer.channel_changed("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)

    def _channel(self, call: Call, *needed: Permission) -> Channel:
        who = call.who
        channel = self._world.get_channel(call.params["channel_id"])
        self._world.require(who.user.id, channel, *needed)
        return channel
