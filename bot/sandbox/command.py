"""Application commands as the bot registered them, global and per guild; what may be is in `command_rules`."""

from dataclasses import dataclass

from bot.sandbox import errors
from bot.sandbox.command_rules import check_definitions, command_key
from bot.sandbox.identity import FixedCommand, Identity
from bot.sandbox.snowflake import Snowflakes
from bot.sandbox.wire import Json


@dataclass
class Command:
    id: str
    application_id: str
    guild_id: str | None
    version: str
    definition: Json
    takes_any_version: bool = False

    @property
    def name(self) -> str:
        return str(self.definition["name"])

    @property
    def type(self) -> int:
        return int(self.definition.get("type") or 1)

    @property
    def key(self) -> tuple[int, str]:
        return self.type, self.name

    @property
    def options(self) -> list[Json]:
        return list(self.definition.get("options") or [])

    @property
    def contexts(self) -> tuple[int, ...]:
        """Those of a guild stay there; a global command that names none is for all that it was added to."""
        if self.guild_id is not None:
            return (0,)
        if (contexts := self.definition.get("contexts")) is not None:
            return tuple(contexts)
        return (0,) if self.definition.get("dm_permission") is False else (0, 1, 2)

    @property
    def integration_types(self) -> tuple[int, ...]:
        return (0,) if self.guild_id is not None else tuple(self.definition.get("integration_types") or (0,))

    def payload(self) -> Json:
        definition = self.definition
        permissions = definition.get("default_member_permissions")
        payload: Json = {
            "id": self.id,
            "application_id": self.application_id,
            "version": self.version,
            "default_member_permissions": None if permissions is None else str(permissions),
            "type": self.type,
            "name": self.name,
            "name_localizations": definition.get("name_localizations"),
            "description": definition.get("description") or "",
            "description_localizations": definition.get("description_localizations"),
            "dm_permission": definition.get("dm_permission") is not False,
            "contexts": definition.get("contexts"),
            "integration_types": definition.get("integration_types") or [0],
            "nsfw": bool(definition.get("nsfw")),
        }
        if self.guild_id is not None:
            payload["guild_id"] = self.guild_id
        if self.type == 1 and self.options:
            payload["options"] = self.options
        return payload


class CommandBook:
    """All registered commands of the one application, global (`guild_id` None) and per guild."""

    def __init__(self, identity: Identity, snowflakes: Snowflakes) -> None:
        self._identity = identity
        self._snowflakes = snowflakes
        self._commands: dict[str, Command] = {}

    def registered(self, guild_id: str | None) -> list[Command]:
        return [command for command in self._commands.values() if command.guild_id == guild_id]

    def list_known(self, guild_id: str | None) -> list[Command]:
        """The global ones, and those of the guild."""
        return self.registered(None) + (self.registered(guild_id) if guild_id else [])

    def get(self, command_id: str) -> Command:
        if command_id not in self._commands:
            raise errors.unknown_command()
        return self._commands[command_id]

    def replace_all(self, guild_id: str | None, definitions: list[Json]) -> list[Command]:
        """Bulk overwrite: commands of the same type and name keep their id, unchanged ones their version."""
        check_definitions(definitions)
        previous = {command.key: command for command in self.registered(guild_id)}
        for command in previous.values():
            del self._commands[command.id]
        return [self._put(guild_id, item, previous.get(command_key(item))) for item in definitions]

    def add(self, guild_id: str | None, definition: Json) -> Command:
        same = next((command for command in self.registered(guild_id) if command.key == command_key(definition)), None)
        others = [command.definition for command in self.registered(guild_id) if command is not same]
        check_definitions([*others, definition])
        return self._put(guild_id, definition, same)

    def edit(self, command_id: str, changes: Json) -> Command:
        command = self.get(command_id)
        definition = {**command.definition, **changes}
        others = [item.definition for item in self.registered(command.guild_id) if item is not command]
        check_definitions([*others, definition])
        return self._put(command.guild_id, definition, command)

    def remove(self, command_id: str) -> None:
        del self._commands[self.get(command_id).id]

    def _put(self, guild_id: str | None, definition: Json, previous: Command | None) -> Command:
        fixed = self._fixed(guild_id, definition)
        version = self._snowflakes.next()
        if previous and previous.definition == definition:
            version = previous.version
        command = Command(
            id=fixed.id if fixed else previous.id if previous else self._snowflakes.next(),
            application_id=self._identity.application_id,
            guild_id=guild_id,
            version=fixed.version if fixed else version,
            definition=definition,
            takes_any_version=fixed is not None,
        )
        self._commands[command.id] = command
        return command

    def _fixed(self, guild_id: str | None, definition: Json) -> FixedCommand | None:
        """An id names one command: one of the same name in another scope gets a number like any other."""
        fixed = self._identity.commands.get(command_key(definition))
        holder = self._commands.get(fixed.id) if fixed else None
        return fixed if holder is None or holder.guild_id == guild_id else None
