"""Each rule of command registration, and of calling a command, with one request that breaks it."""

from typing import Any

import pytest

from bot.sandbox import RequestRefused, Sandbox
from tests.sandbox.bot_api import COMMAND, BotApi

# Our own rules must stand without Discord's document, which misses many of them.
pytestmark = pytest.mark.parametrize("openapi", [None], ids=["own rules"])


def option(name: str = "prompt", kind: int = 3, **fields: Any) -> dict[str, Any]:
    return {"name": name, "description": "text", "type": kind, **fields}


BROKEN: dict[str, list[dict[str, Any]]] = {
    "upper-case name": [{**COMMAND, "name": "Imagine"}],
    "name with a space": [{**COMMAND, "name": "ima gine"}],
    "name over 32": [{**COMMAND, "name": "x" * 33}],
    "missing description": [{"name": "imagine", "type": 1}],
    "description over 100": [{**COMMAND, "description": "x" * 101}],
    "unknown field": [{**COMMAND, "descriptoin": "x"}],
    "duplicate commands": [COMMAND, COMMAND],
    "26 options": [{**COMMAND, "options": [option(f"o{index}") for index in range(26)]}],
    "26 choices": [
        {**COMMAND, "options": [option(choices=[{"name": str(index), "value": str(index)} for index in range(26)])]}
    ],
    "duplicate options": [{**COMMAND, "options": [option(), option()]}],
    "required after optional": [{**COMMAND, "options": [option("a"), option("b", required=True)]}],
    "option without description": [{**COMMAND, "options": [{"name": "a", "type": 3}]}],
    "described context menu": [{"name": "Seed", "type": 3, "description": "x"}],
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_registration_is_refused_and_changes_nothing(api: BotApi, broken: list[dict[str, Any]]) -> None:
    await api.register()
    assert (await api.register(*broken)).outcome == (400, 50035)
    kept = (await api.call("GET", f"/applications/{api.application_id}/commands")).body
    assert [command["name"] for command in kept] == ["imagine"]


async def test_more_than_a_hundred_commands_are_too_many(api: BotApi) -> None:
    many = [{**COMMAND, "name": f"c{index}"} for index in range(101)]
    answer = await api.register(*many)
    assert answer.status == 400
    assert answer.code in (30032, 50035), "the contract may refuse the list's length first"


async def test_ids_stay_and_versions_move_only_with_a_change(api: BotApi) -> None:
    first = (await api.register()).body[0]
    same = (await api.register()).body[0]
    changed = (await api.register({**COMMAND, "description": "Paint"})).body[0]
    assert (same["id"], same["version"]) == (first["id"], first["version"])
    assert changed["id"] == first["id"]
    assert changed["version"] != first["version"]


async def test_a_guild_has_commands_of_its_own(api: BotApi, sandbox: Sandbox) -> None:
    path = f"/applications/{api.application_id}/guilds/{sandbox.world.guild.id}/commands"
    assert (await api.call("PUT", path, [{**COMMAND, "name": "local"}])).body[0]["guild_id"]
    ada = await sandbox.member("ada")
    await ada.slash("local")
    direct = await ada.open_dm()
    with pytest.raises(LookupError, match="no command 'local'"):
        await ada.slash("local", channel=direct)


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        (option(required=True), None),
        (option(max_length=3), "four"),
        (option(), "x" * 6001),
        (option(kind=4, max_value=4), 5),
        (option(kind=4), 1.5),
        (option(kind=5), "yes"),
        (option(choices=[{"name": "A", "value": "a"}]), "b"),
    ],
)
async def test_a_call_that_does_not_fit_its_options_is_refused(
    api: BotApi, sandbox: Sandbox, definition: dict[str, Any], value: Any
) -> None:
    await api.register({**COMMAND, "options": [definition]})
    ada = await sandbox.member("ada")
    given = {} if value is None else {"prompt": value}
    with pytest.raises(RequestRefused, match="50035"):
        await ada.slash("imagine", **given)


async def test_a_command_for_admins_is_not_offered_to_others(api: BotApi, sandbox: Sandbox) -> None:
    await api.register({**COMMAND, "default_member_permissions": 8})
    ada, ben = await sandbox.member("ada"), await sandbox.member("ben")
    await ada.slash("imagine")
    with pytest.raises(LookupError):
        await ben.slash("imagine")
