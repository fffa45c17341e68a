"""What Discord accepts as command definitions, and as a member's call of one. Pure checks that raise 50035 or 30032."""

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from bot.sandbox import errors
from bot.sandbox.wire import Json

MAX_COMMANDS = 100
MAX_CONTEXT_COMMANDS = 15
NAME = re.compile(r"[-_'\w]{1,32}")
KNOWN_FIELDS = frozenset(
    [
        "id",
        "application_id",
        "guild_id",
        "version",
        "type",
        "name",
        "name_localizations",
        "description",
        "description_localizations",
        "options",
        "default_member_permissions",
        "dm_permission",
        "default_permission",
        "nsfw",
        "integration_types",
        "contexts",
        "handler",
    ]
)


class OptionType(IntEnum):
    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


def command_key(definition: Json) -> tuple[int, str]:
    return int(definition.get("type") or 1), str(definition.get("name"))


def check_definitions(definitions: list[Json]) -> None:
    """Raise what Discord answers to a bad set of commands."""
    slash = [item for item in definitions if command_key(item)[0] == 1]
    menus = len(definitions) - len(slash)
    if len(slash) > MAX_COMMANDS or menus > 2 * MAX_CONTEXT_COMMANDS:
        raise errors.too_many_commands()
    form = errors.FormErrors()
    seen: set[tuple[int, str]] = set()
    for index, item in enumerate(definitions):
        if command_key(item) in seen:
            form.add((index, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        seen.add(command_key(item))
        _check_definition(form, (index,), item)
    form.raise_if_any()


def _check_definition(form: errors.FormErrors, path: tuple[str | int, ...], item: Json) -> None:
    for name in sorted(item.keys() - KNOWN_FIELDS):
        form.add((*path, name), "UNKNOWN_FIELD", "This field is not part of an application command.")
    if command_key(item)[0] != 1:
        form.check_length((*path, "name"), item.get("name"), 1, 32)
        _check_localizations(form, path, item, "name", 32)
        if item.get("description"):
            form.add(
                (*path, "description"),
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID",
                "Context menu commands cannot have description",
            )
        return
    _check_names(form, path, item)
    _check_options(form, (*path, "options"), item.get("options") or [])


def _check_names(form: errors.FormErrors, path: tuple[str | int, ...], item: Json) -> None:
    name = item.get("name")
    if not name:
        form.required((*path, "name"))
    elif not NAME.fullmatch(str(name)) or str(name) != str(name).lower():
        form.add((*path, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid: lower case, 1 to 32.")
    if not item.get("description"):
        form.required((*path, "description"))
    else:
        form.check_length((*path, "description"), item["description"], 1, 100)
    _check_localizations(form, path, item, "name", 32, NAME)
    _check_localizations(form, path, item, "description", 100)


def _check_localizations(
    form: errors.FormErrors,
    path: tuple[str | int, ...],
    item: Json,
    field: str,
    longest: int,
    rule: re.Pattern[str] | None = None,
) -> None:
    """The same rules as for the field itself, in each of the languages."""
    for locale, text in (item.get(f"{field}_localizations") or {}).items():
        here = (*path, f"{field}_localizations", locale)
        form.check_length(here, text, 1, longest)
        if rule and (not rule.fullmatch(str(text)) or str(text) != str(text).lower()):
            form.add(here, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid: lower case, 1 to 32.")


def _check_options(form: errors.FormErrors, path: tuple[str | int, ...], options: list[Json]) -> None:
    if len(options) > 25:
        form.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    seen: set[str] = set()
    optional_seen = False
    for index, option in enumerate(options):
        here = (*path, index)
        _check_names(form, here, option)
        if str(option.get("name")) in seen:
            form.add(here, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists in options")
        seen.add(str(option.get("name")))
        if option.get("required") and optional_seen:
            form.add(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")
        if len(option.get("choices") or []) > 25:
            form.add((*here, "choices"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for number, choice in enumerate(option.get("choices") or []):
            _check_localizations(form, (*here, "choices", number), choice, "name", 100)
        _check_options(form, (*here, "options"), option.get("options") or [])


def find_leaf(command: Json, given: list[Json]) -> tuple[str, list[Json], list[Json]]:
    """Follow sub-commands: the full name with spaces, the options defined there, the options given there."""
    name, defined = str(command["name"]), list(command.get("options") or [])
    while given and given[0].get("type") in (OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP):
        branch = _option_named(defined, str(given[0].get("name")))
        if branch is None:
            raise errors.bad_field(("data", "options"), "UNKNOWN_OPTION", "This sub-command is not registered.")
        name = f"{name} {branch['name']}"
        defined, given = list(branch.get("options") or []), list(given[0].get("options") or [])
    return name, defined, given


def check_call(defined: list[Json], given: list[Json], *, is_complete: bool) -> None:
    """Raise 50035 unless the given options fit their definitions; an autocomplete call may be incomplete."""
    form = errors.FormErrors()
    for index, option in enumerate(given):
        definition = _option_named(defined, str(option.get("name")))
        path = ("data", "options", index, "value")
        if definition is None:
            form.add(path, "UNKNOWN_OPTION", "This option is not registered.")
        elif is_complete:
            _check_value(form, path, definition, option.get("value"))
    if is_complete:
        names = {str(option.get("name")) for option in given}
        for definition in _required(defined):
            if definition["name"] not in names:
                form.required(("data", "options", str(definition["name"])))
    form.raise_if_any()


def _check_value(form: errors.FormErrors, path: tuple[str | int, ...], definition: Json, value: Any) -> None:
    kind = int(definition["type"])
    if kind == OptionType.STRING:
        longest = int(definition.get("max_length") or 6000)
        form.check_length(path, value, int(definition.get("min_length") or 0), longest)
    elif kind in (OptionType.INTEGER, OptionType.NUMBER):
        _check_number(form, path, definition, value)
    elif kind == OptionType.BOOLEAN and not isinstance(value, bool):
        form.add(path, "BOOLEAN_TYPE_COERCE", "Must be either true or false.")
    choices = [choice["value"] for choice in definition.get("choices") or []]
    if choices and value not in choices:
        form.add(path, "BASE_TYPE_CHOICES", "Value must be one of the choices.")


def _check_number(form: errors.FormErrors, path: tuple[str | int, ...], definition: Json, value: Any) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (int(definition["type"]) == OptionType.INTEGER and value != int(value)):
        form.add(path, "NUMBER_TYPE_COERCE", "Must be a number of the right kind.")
        return
    low, high = definition.get("min_value"), definition.get("max_value")
    if (low is not None and value < low) or (high is not None and value > high):
        form.add(path, "NUMBER_TYPE_RANGE", f"Must be between {low} and {high}.")


def _option_named(options: Iterable[Json], name: str) -> Json | None:
    return next((option for option in options if option.get("name") == name), None)


def _required(options: Iterable[Json]) -> list[Json]:
    return [option for option in options if option.get("required")]
