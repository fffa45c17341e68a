"""Users and guilds as read by the bot or a member, and the opening of direct channels."""

from collections.abc import Callable

from bot.sandbox import errors
from bot.sandbox.announce import Announcer
from bot.sandbox.guild import User
from bot.sandbox.render import Renderer
from bot.sandbox.rest.endpoint import Call, Route
from bot.sandbox.wire import Json, Reply
from bot.sandbox.world import World


class UserRoutes:
    def __init__(self, world: World, announcer: Announcer, renderer: Renderer, gateway_url: Callable[[], str]) -> None:
        self._world = world
        self._announcer = announcer
        self._renderer = renderer
        self._gateway_url = gateway_url

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/gateway", self._gateway),
            Route("GET", "/gateway/bot", self._gateway_bot),
            Route("GET", "/users/@me", self._me),
            Route("GET", "/users/@me/guilds", self._my_guilds),
            Route("GET", "/users/@me/channels", self._my_channels),
            Route("POST", "/users/@me/channels", self._open_direct),
            Route("GET", "/users/{user_id}", self._user),
            Route("GET", "/guilds/{guild_id}", self._guild),
            Route("GET", "/guilds/{guild_id}/channels", self._guild_channels),
            Route("GET", "/guilds/{guild_id}/roles", self._guild_roles),
            Route("GET", "/guilds/{guild_id}/members/{user_id}", self._guild_member),
        ]

    async def _gateway(self, _call: Call) -> Reply:
        return Reply(200, {"url": self._gateway_url()})

    async def _gateway_bot(self, call: Call) -> Reply:
        call.require_bot()
        starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return Reply(200, {"url": self._gateway_url(), "shards": 1, "session_start_limit": starts})

    async def _me(self, call: Call) -> Reply:
        extra = {"mfa_enabled": False, "locale": call.who.user.locale, "verified": True, "email": None}
        return Reply(200, call.who.user.payload() | extra)

    async def _user(self, call: Call) -> Reply:
        self._check(call)
        return Reply(200, self._world.get_user(call.params["user_id"]).payload())

    async def _my_guilds(self, call: Call) -> Reply:
        user = call.who.user
        return Reply(
            200, [self._partial(guild.id, user) for guild in self._world.guilds.values() if user.id in guild.members]
        )

    async def _my_channels(self, call: Call) -> Reply:
        user_id = call.who.user.id
        found = [item for item in self._world.channels.values() if user_id in item.recipient_ids]
        return Reply(200, [self._renderer.channel(item, user_id) for item in found])

    async def _open_direct(self, call: Call) -> Reply:
        user = call.who.user
        recipients = call.payload.get("recipients") or [call.payload.get("recipient_id")]
        other = self._world.get_user(str(recipients[0]))
        if other.id == user.id or (other.bot and user.bot):
            raise errors.closed_dms()
        channel, is_new = self._world.open_direct_channel(user.id, other.id)
        if is_new:
            self._announcer.channel_changed("CHANNEL_CREATE", channel)
        return Reply(200, self._renderer.channel(channel, user.id))

    async def _guild(self, call: Call) -> Reply:
        self._check(call)
        guild = self._world.get_guild(call.params["guild_id"])
        counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
        return Reply(200, guild.payload() | (counts if call.wants("with_counts") else {}))

    async def _guild_channels(self, call: Call) -> Reply:
        self._check(call)
        guild = self._world.get_guild(call.params["guild_id"])
        channels = [item for item in self._world.channels.values() if item.guild_id == guild.id]
        return Reply(200, [item.payload() for item in channels if not item.is_thread])

    async def _guild_roles(self, call: Call) -> Reply:
        self._check(call)
        roles = self._world.get_guild(call.params["guild_id"]).roles.values()
        return Reply(200, [role.payload() for role in roles])

    async def _guild_member(self, call: Call) -> Reply:
        self._check(call)
        user_id = call.params["user_id"]
        wanted = call.who.user.id if user_id == "@me" else user_id
        return Reply(200, self._world.get_member(call.params["guild_id"], wanted).payload())

    def _check(self, call: Call) -> None:
        if call.who.is_bot and "guild_id" in call.params:
            guild = self._world.get_guild(call.params["guild_id"])
            if call.who.user.id not in guild.members:
                raise errors.missing_access()

    def _partial(self, guild_id: str, user: User) -> Json:
        guild = self._world.guilds[guild_id]
        return {
            "id": guild.id,
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": guild.owner_id == user.id,
            "permissions": str(int(guild.base_permissions(user.id))),
            "features": [],
        }
