"""The bot's application: who it is, its commands, and what members have bought."""

from bot.sandbox import errors
from bot.sandbox.announce import Announcer
from bot.sandbox.rest.endpoint import Call, Route
from bot.sandbox.wire import NO_CONTENT, Json, Reply
from bot.sandbox.world import World


class ApplicationRoutes:
    def __init__(self, world: World, announcer: Announcer) -> None:
        self._world = world
        self._announcer = announcer

    def routes(self) -> list[Route]:
        application = "/applications/{application_id}"
        routes = [
            Route("GET", "/oauth2/applications/@me", self._me),
            Route("GET", "/applications/@me", self._me),
            Route("GET", f"{application}/skus", self._list_skus),
            Route("GET", f"{application}/entitlements", self._list_entitlements),
            Route("POST", f"{application}/entitlements", self._add_entitlement),
            Route("GET", f"{application}/entitlements/{{entitlement_id}}", self._get_entitlement),
            Route("DELETE", f"{application}/entitlements/{{entitlement_id}}", self._remove_entitlement),
            Route("POST", f"{application}/entitlements/{{entitlement_id}}/consume", self._consume_entitlement),
            Route("GET", f"{application}/emojis", self._list_emojis),
        ]
        for scope in ("", "/guilds/{guild_id}"):
            commands = f"{application}{scope}/commands"
            routes += [
                Route("GET", commands, self._list_commands),
                Route("PUT", commands, self._replace_commands),
                Route("POST", commands, self._add_command),
                Route("GET", f"{commands}/{{command_id}}", self._get_command),
                Route("PATCH", f"{commands}/{{command_id}}", self._edit_command),
                Route("DELETE", f"{commands}/{{command_id}}", self._remove_command),
            ]
        return routes

    async def _me(self, call: Call) -> Reply:
        call.require_bot()
        return Reply(200, self._world.application.private_payload())

    async def _list_commands(self, call: Call) -> Reply:
        return Reply(200, [command.payload() for command in self._world.commands.registered(self._scope(call))])

    async def _replace_commands(self, call: Call) -> Reply:
        scope = self._scope(call)
        definitions = call.body.payload
        if not isinstance(definitions, list):
            raise errors.bad_field((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        commands = self._world.commands.replace_all(scope, definitions)
        self._tell_members()
        return Reply(200, [command.payload() for command in commands])

    async def _add_command(self, call: Call) -> Reply:
        scope = self._scope(call)
        is_known = any(command.name == call.payload.get("name") for command in self._world.commands.registered(scope))
        command = self._world.commands.add(scope, call.payload)
        self._tell_members()
        return Reply(200 if is_known else 201, command.payload())

    async def _get_command(self, call: Call) -> Reply:
        self._scope(call)
        return Reply(200, self._world.commands.get(call.params["command_id"]).payload())

    async def _edit_command(self, call: Call) -> Reply:
        self._scope(call)
        command = self._world.commands.edit(call.params["command_id"], call.payload)
        self._tell_members()
        return Reply(200, command.payload())

    async def _remove_command(self, call: Call) -> Reply:
        self._scope(call)
        self._world.commands.remove(call.params["command_id"])
        self._tell_members()
        return NO_CONTENT

    async def _list_skus(self, call: Call) -> Reply:
        self._check_application(call)
        return Reply(200, [])

    async def _list_emojis(self, call: Call) -> Reply:
        self._check_application(call)
        return Reply(200, {"items": []})

    async def _list_entitlements(self, call: Call) -> Reply:
        self._check_application(call)
        found = list(self._world.entitlements.values())
        if user_id := call.query.get("user_id"):
            found = [item for item in found if item.get("user_id") == user_id]
        return Reply(200, found)

    async def _add_entitlement(self, call: Call) -> Reply:
        self._check_application(call)
        entitlement = self.grant(str(call.payload["owner_id"]), str(call.payload["sku_id"]))
        return Reply(200, entitlement)

    async def _get_entitlement(self, call: Call) -> Reply:
        return Reply(200, self._entitlement(call))

    async def _remove_entitlement(self, call: Call) -> Reply:
        self.revoke(self._entitlement(call)["id"])
        return NO_CONTENT

    async def _consume_entitlement(self, call: Call) -> Reply:
        entitlement = self._entitlement(call)
        entitlement["consumed"] = True
        self._announcer.tell_bot("ENTITLEMENT_UPDATE", entitlement)
        return NO_CONTENT

    def grant(self, user_id: str, sku_id: str, guild_id: str | None = None) -> Json:
        """A member buys something, or buys it for a server; the bot is told."""
        entitlement: Json = {
            "id": self._world.snowflakes.next(),
            "sku_id": sku_id,
            "application_id": self._world.application.id,
            "user_id": user_id,
            **({"guild_id": guild_id} if guild_id else {}),
            "deleted": False,
            "consumed": False,
            "starts_at": None,
            "ends_at": None,
            "type": 8,
        }
        self._world.entitlements[entitlement["id"]] = entitlement
        self._announcer.tell_bot("ENTITLEMENT_CREATE", entitlement)
        return entitlement

    def revoke(self, entitlement_id: str) -> None:
        entitlement = self._world.entitlements.pop(entitlement_id)
        self._announcer.tell_bot("ENTITLEMENT_DELETE", entitlement | {"deleted": True})

    def _entitlement(self, call: Call) -> Json:
        self._check_application(call)
        found = self._world.entitlements.get(call.params["entitlement_id"])
        if found is None:
            raise errors.unknown_entitlement()
        return found

    def _check_application(self, call: Call) -> None:
        call.require_bot()
        if call.params["application_id"] != self._world.application.id:
            raise errors.unknown_application()

    def _scope(self, call: Call) -> str | None:
        """The guild of the path, or None for global commands."""
        self._check_application(call)
        guild_id = call.params.get("guild_id")
        return self._world.get_guild(guild_id).id if guild_id else None

    def _tell_members(self) -> None:
        """User clients fetch the command index again when its version moves."""
        for user in self._world.users.values():
            if not user.bot:
                event = {"guild_id": self._world.guild.id, "version": self._world.snowflakes.next()}
                self._announcer.tell_user(user.id, "GUILD_APPLICATION_COMMAND_INDEX_UPDATE", event)
