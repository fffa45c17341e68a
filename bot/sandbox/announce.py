"""Who hears of what: turns a change of the world into gateway events for the sessions that may see it."""

from collections.abc import Callable
from typing import Any

from bot.sandbox.channel import Channel, ChannelType
from bot.sandbox.gateway import Gateway
from bot.sandbox.guild import Guild
from bot.sandbox.message import Message
from bot.sandbox.render import Renderer, emoji_payload, is_hidden_from_bot
from bot.sandbox.session import Intent, Session
from bot.sandbox.wire import Json
from bot.sandbox.world import World


class Announcer:
    def __init__(self, world: World, gateway: Gateway, renderer: Renderer, gateway_url: Callable[[], str]) -> None:
        self._world = world
        self._gateway = gateway
        self._renderer = renderer
        self._gateway_url = gateway_url

    def greeting(self, session: Session) -> list[tuple[str, Json]]:
        """READY, and for a bot one GUILD_CREATE per guild."""
        user = session.caller.user
        guilds = [guild.id for guild in self._world.guilds.values() if user.id in guild.members]
        guild_ids = [guild_id for guild_id in guilds if session.hears_of(guild_id)]
        ready: Json = {
            "v": 10,
            "user": user.payload() | {"verified": True, "mfa_enabled": False, "email": None},
            "session_id": session.id,
            "resume_gateway_url": self._gateway_url(),
            "session_type": "normal",
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "guild_join_requests": [],
            "presences": [],
            "geo_ordered_rtc_regions": [],
        }
        if session.caller.is_bot:
            application = self._world.application
            ready["shard"] = list(session.shard)
            ready["guilds"] = [{"id": guild_id, "unavailable": True} for guild_id in guild_ids]
            ready["application"] = {"id": application.id, "flags": application.flags}
            if not session.wants(Intent.GUILDS):
                return [("READY", ready)]
            created = [("GUILD_CREATE", self._renderer.guild(guild_id, user.id)) for guild_id in guild_ids]
            return [("READY", ready), *created]
        ready["guilds"] = [self._renderer.guild(guild_id, user.id) for guild_id in guild_ids]
        ready["private_channels"] = [
            self._renderer.channel(channel, user.id)
            for channel in self._world.channels.values()
            if channel.type is ChannelType.DIRECT and user.id in channel.recipient_ids
        ]
        return [("READY", ready)]

    def message_created(self, message: Message, nonce: str | None = None) -> None:
        self._send_message("MESSAGE_CREATE", message, {} if nonce is None else {"nonce": nonce})

    def message_updated(self, message: Message) -> None:
        self._send_message("MESSAGE_UPDATE", message, {})

    def message_deleted(self, message: Message) -> None:
        channel = self._world.channels[message.channel_id]
        data = {"id": message.id, "channel_id": message.channel_id}
        if channel.guild_id and not message.is_ephemeral:
            data["guild_id"] = channel.guild_id
        for session in self._message_audience(message, channel):
            self._gateway.publish(session, "MESSAGE_DELETE", data)

    def reaction_changed(self, message: Message, emoji: str, user_id: str, *, is_added: bool) -> None:
        channel = self._world.channels[message.channel_id]
        data: Json = {
            "user_id": user_id,
            "channel_id": message.channel_id,
            "message_id": message.id,
            "emoji": emoji_payload(emoji),
            "burst": False,
            "type": 0,
        }
        if channel.guild_id:
            data["guild_id"] = channel.guild_id
        member = self._world.find_member(channel.guild_id, user_id)
        if is_added:
            data["message_author_id"] = message.author_id
            data |= {"member": member.payload()} if member else {}
        name = "MESSAGE_REACTION_ADD" if is_added else "MESSAGE_REACTION_REMOVE"
        for session in self._channel_audience(channel, Intent.GUILD_REACTIONS, Intent.DIRECT_REACTIONS):
            self._gateway.publish(session, name, data)

    def reactions_cleared(self, message: Message, emoji: str | None = None) -> None:
        channel = self._world.channels[message.channel_id]
        data: Json = {"channel_id": message.channel_id, "message_id": message.id}
        if channel.guild_id:
            data["guild_id"] = channel.guild_id
        name = "MESSAGE_REACTION_REMOVE_ALL"
        if emoji is not None:
            name, data["emoji"] = "MESSAGE_REACTION_REMOVE_EMOJI", emoji_payload(emoji)
        for session in self._channel_audience(channel, Intent.GUILD_REACTIONS, Intent.DIRECT_REACTIONS):
            self._gateway.publish(session, name, data)

    def typing_started(self, channel: Channel, user_id: str) -> None:
        data: Json = {
            "channel_id": channel.id,
            "user_id": user_id,
            "timestamp": int(self._world.clock.now()),
        }
        if channel.guild_id:
            data["guild_id"] = channel.guild_id
        member = self._world.find_member(channel.guild_id, user_id)
        data |= {"member": member.payload()} if member else {}
        for session in self._channel_audience(channel, Intent.GUILD_TYPING, Intent.DIRECT_TYPING):
            self._gateway.publish(session, "TYPING_START", data)

    def channel_changed(self, name: str, channel: Channel) -> None:
        """CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE or THREAD_CREATE."""
        for session in self._gateway.sessions:
            in_guild = channel.guild_id and session.user_id in self._world.guilds[channel.guild_id].members
            is_direct = session.user_id in channel.recipient_ids and not session.caller.is_bot
            if (in_guild or is_direct) and session.wants(Intent.GUILDS) and session.hears_of(channel.guild_id):
                self._gateway.publish(session, name, self._renderer.channel(channel, session.user_id))

    def guild_created(self, guild: Guild) -> None:
        """To those of its members who are connected."""
        for session in self._gateway.sessions:
            if session.user_id in guild.members and session.wants(Intent.GUILDS) and session.hears_of(guild.id):
                self._gateway.publish(session, "GUILD_CREATE", self._renderer.guild(guild.id, session.user_id))

    def install(self, user_id: str) -> None:
        """The application is added to a member's account; their clients look at its commands anew."""
        self._world.installed_user_ids.add(user_id)
        event = {"guild_id": self._world.guild.id, "version": self._world.snowflakes.next()}
        self.tell_user(user_id, "GUILD_APPLICATION_COMMAND_INDEX_UPDATE", event)

    def tell_user(self, user_id: str, name: str, data: Json) -> None:
        for session in self._gateway.sessions_of(user_id):
            self._gateway.publish(session, name, data)

    def tell_bot(self, name: str, data: Any) -> None:
        """To one session of the shard that it concerns: the newest that is connected, or that may still resume."""
        guild_id = data.get("guild_id")
        sessions = [each for each in self._gateway.sessions_of(self._world.bot.id) if each.hears_of(guild_id)]
        connected = [session for session in sessions if session.connection is not None]
        for session in (connected or sessions)[-1:]:
            self._gateway.publish(session, name, data)

    def _send_message(self, name: str, message: Message, extra: Json) -> None:
        channel = self._world.channels[message.channel_id]
        for session in self._message_audience(message, channel):
            payload = self._renderer.event_message(message, session.user_id) | extra
            can_read = not session.caller.is_bot or session.wants(Intent.MESSAGE_CONTENT)
            if not can_read and is_hidden_from_bot(message, session.user_id, channel):
                payload = self._renderer.without_content(payload)
            self._gateway.publish(session, name, payload)

    def _message_audience(self, message: Message, channel: Channel) -> list[Session]:
        """Ephemeral messages reach the caller, and the bot as direct messages do; nobody else."""
        if not message.is_ephemeral:
            return self._channel_audience(channel, Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
        viewers = (message.visible_to, message.author_id)
        return [
            session
            for session in self._gateway.sessions
            if session.user_id in viewers and session.wants(Intent.DIRECT_MESSAGES)
        ]

    def _channel_audience(self, channel: Channel, guild_intent: int, direct_intent: int) -> list[Session]:
        intent = guild_intent if channel.guild_id else direct_intent
        return [
            session
            for session in self._gateway.sessions
            if session.wants(intent) and session.hears_of(channel.guild_id)
            if self._world.can_see(session.user_id, channel)
        ]
