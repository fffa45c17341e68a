"""Everything the stand-in remembers, in memory, and the look-ups that answer with Discord's own errors.

The world changes only through the routes; it sends nothing and knows neither sockets nor HTTP."""

from dataclasses import dataclass

from bot.sandbox import errors
from bot.sandbox.channel import Channel, ChannelType
from bot.sandbox.clock import Clock
from bot.sandbox.command import CommandBook
from bot.sandbox.config import SandboxConfig
from bot.sandbox.guild import Application, Guild, GuildMember, Role, User
from bot.sandbox.interaction import Interaction, Modal
from bot.sandbox.message import Message, Ping
from bot.sandbox.permission import ALL, DIRECT_MESSAGE, MEMBER_DEFAULT, Permission, add_up
from bot.sandbox.snowflake import Snowflakes
from bot.sandbox.wire import Json

TOPICS = {"general": "Say hello", "studio": "Pictures are drawn here"}


@dataclass(frozen=True)
class Caller:
    """Whose token came with a request."""

    user: User
    is_bot: bool


class World:
    """Users, guilds, channels, messages, commands, interactions and entitlements, by id."""

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self.config = config
        self.clock = clock
        self.snowflakes = Snowflakes(clock, config.founded)
        self.users: dict[str, User] = {}
        self.tokens: dict[str, str] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, Message] = {}
        self.interactions: dict[str, Interaction] = {}
        self.modals: dict[str, Modal] = {}
        self.entitlements: dict[str, Json] = {}
        self.installed_user_ids: set[str] = set()
        self.pings: list[Ping] = []
        self.nonces: dict[tuple[str, str, str], tuple[float, str]] = {}
        self.attachment_size_limit = config.attachment_size_limit
        members = [self._seed_member(name) for name in config.member_names]
        self.bot = self._seed_bot()
        self.application = Application(config.application_id, config.bot_name, members[0])
        self.commands = CommandBook(config.identity, self.snowflakes)
        self.guild = self._seed_guild(members)
        if config.other_guild_name:
            self.add_channel("lounge", self.add_guild(config.other_guild_name, members))
        self.snowflakes.open()

    def caller(self, authorization: str | None) -> Caller | None:
        """`Bot <token>` is the bot; a bare token is a member, as user clients send it."""
        if not authorization:
            return None
        if authorization.startswith("Bot "):
            is_known = authorization.removeprefix("Bot ") == self.config.bot_token
            return Caller(self.bot, is_bot=True) if is_known else None
        user_id = self.tokens.get(authorization)
        return Caller(self.users[user_id], is_bot=False) if user_id else None

    def token_of(self, user_id: str) -> str:
        return next(token for token, owner in self.tokens.items() if owner == user_id)

    def get_user(self, user_id: str) -> User:
        if user_id not in self.users:
            raise errors.unknown_user()
        return self.users[user_id]

    def get_guild(self, guild_id: str) -> Guild:
        if guild_id not in self.guilds:
            raise errors.unknown_guild()
        return self.guilds[guild_id]

    def get_member(self, guild_id: str, user_id: str) -> GuildMember:
        guild = self.get_guild(guild_id)
        if user_id not in guild.members:
            raise errors.unknown_member()
        return guild.members[user_id]

    def get_channel(self, channel_id: str) -> Channel:
        if channel_id not in self.channels:
            raise errors.unknown_channel()
        return self.channels[channel_id]

    def get_message(self, channel_id: str, message_id: str) -> Message:
        """A message that everybody in the channel can see: ephemeral ones are unknown here."""
        message = self.messages.get(message_id)
        if message is None or message.channel_id != channel_id or message.is_ephemeral:
            raise errors.unknown_message()
        return message

    def find_message(self, message_id: str, user_id: str) -> Message | None:
        """A message as one user sees it, their own ephemeral ones included."""
        message = self.messages.get(message_id)
        return message if message and message.visible_to in (None, user_id) else None

    def find_member(self, guild_id: str | None, user_id: str) -> GuildMember | None:
        return self.guilds[guild_id].members.get(user_id) if guild_id else None

    def permissions(self, user_id: str, channel: Channel) -> Permission:
        if channel.guild_id is None:
            return DIRECT_MESSAGE if user_id in channel.recipient_ids else Permission(0)
        guild = self.guilds[channel.guild_id]
        base = guild.base_permissions(user_id)
        if user_id == guild.owner_id:
            return ALL
        place = self.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
        member = guild.members.get(user_id)
        role_ids = member.role_ids if member else []
        return add_up(base, place.overwrites, guild.id, role_ids, user_id)

    def can_see(self, user_id: str, channel: Channel) -> bool:
        return bool(self.permissions(user_id, channel) & Permission.VIEW_CHANNEL)

    def require(self, user_id: str, channel: Channel, *needed: Permission) -> None:
        """50001 for a channel one cannot see, 50013 for an act one may not do there."""
        granted = self.permissions(user_id, channel)
        if not granted & Permission.VIEW_CHANNEL:
            raise errors.missing_access()
        if any(not granted & permission for permission in needed):
            raise errors.missing_permissions()

    def open_direct_channel(self, first_id: str, second_id: str) -> tuple[Channel, bool]:
        """The one channel between two users, and whether it is new."""
        for channel in self.channels.values():
            if channel.type is ChannelType.DIRECT and set(channel.recipient_ids) == {first_id, second_id}:
                return channel, False
        channel = Channel(
            self.snowflakes.next(),
            ChannelType.DIRECT,
            self.clock.utcnow(),
            recipient_ids=(first_id, second_id),
        )
        self.channels[channel.id] = channel
        return channel, True

    def add_channel(self, name: str, guild: Guild) -> Channel:
        position = sum(channel.guild_id == guild.id for channel in self.channels.values())
        channel = Channel(self.snowflakes.next(), ChannelType.TEXT, self.clock.utcnow(), name, guild.id, position)
        self.channels[channel.id] = channel
        return channel

    def add_message(self, message: Message) -> None:
        self.messages[message.id] = message
        if not message.is_ephemeral:
            self.channels[message.channel_id].message_ids.append(message.id)

    def remove_message(self, message: Message) -> None:
        del self.messages[message.id]
        channel = self.channels.get(message.channel_id)
        if channel and message.id in channel.message_ids:
            channel.message_ids.remove(message.id)

    def remove_channel(self, channel_id: str) -> Channel:
        channel = self.channels.pop(channel_id)
        for message_id in [key for key, item in self.messages.items() if item.channel_id == channel_id]:
            del self.messages[message_id]
        return channel

    def _seed_member(self, name: str) -> User:
        user = User(self.snowflakes.next(), name, name.capitalize())
        self.users[user.id] = user
        self.tokens[f"sandbox-{name}-token"] = user.id
        return user

    def _seed_bot(self) -> User:
        bot = User(self.config.application_id, self.config.bot_name, bot=True)
        self.users[bot.id] = bot
        return bot

    def add_guild(self, name: str, members: list[User]) -> Guild:
        """A server of its first member's, without the bot."""
        now = self.clock.utcnow()
        guild = Guild(self.snowflakes.next(), name, members[0].id, now)
        guild.roles[guild.id] = Role(guild.id, "@everyone", MEMBER_DEFAULT)
        for user in members:
            guild.members[user.id] = GuildMember(user, now)
        self.guilds[guild.id] = guild
        return guild

    def _seed_guild(self, members: list[User]) -> Guild:
        guild = self.add_guild(self.config.guild_name, members)
        bot_role = Role(self.snowflakes.next(), self.config.bot_name, MEMBER_DEFAULT, 1, managed_by=self.bot.id)
        guild.roles[bot_role.id] = bot_role
        guild.members[self.bot.id] = GuildMember(self.bot, guild.created_at, [bot_role.id])
        for name in self.config.channel_names:
            self.add_channel(name, guild).topic = TOPICS.get(name)
        return guild
