"""Where an application may be used: by leave of a server, of a member's account, or of both."""

import pytest

from bot.sandbox import Member, RequestRefused, Sandbox
from tests.sandbox.bot_api import BotApi, Pending

GUILD_ONLY = {"name": "prefer", "description": "x", "contexts": [0, 1], "integration_types": [0]}
EVERYWHERE = {"name": "imagine", "description": "x", "contexts": [0, 1, 2], "integration_types": [0, 1]}
CARRIED = {"name": "carried", "description": "x", "contexts": [0, 1, 2], "integration_types": [1]}


@pytest.fixture
async def ada(sandbox: Sandbox, api: BotApi) -> Member:
    await api.register(GUILD_ONLY, EVERYWHERE, CARRIED)
    return await sandbox.member("ada")


async def offered(member: Member, channel_id: str) -> set[str]:
    index = await member.request("GET", f"/channels/{channel_id}/application-command-index")
    return {command["name"] for command in index["application_commands"]}


async def test_what_each_place_offers(sandbox: Sandbox, ada: Member) -> None:
    lounge = sandbox.add_server("Elsewhere", "ada", "ben")
    with_bot, with_ben = await ada.open_dm(), await ada.open_dm(sandbox.user("ben").id)
    places = [sandbox.channel("studio").id, str(with_bot["id"]), lounge.id, str(with_ben["id"])]
    assert [await offered(ada, place) for place in places] == [
        {"prefer", "imagine"},
        {"prefer", "imagine"},
        set(),
        set(),
    ]
    sandbox.install("ada")
    assert [await offered(ada, place) for place in places] == [
        {"prefer", "imagine", "carried"},
        {"prefer", "imagine", "carried"},
        {"imagine", "carried"},
        {"imagine", "carried"},
    ]
    ben = await sandbox.member("ben")
    assert await offered(ben, lounge.id) == set()


async def test_a_call_by_nobodys_leave_is_refused(sandbox: Sandbox, ada: Member) -> None:
    lounge = sandbox.add_server("Elsewhere", "ada")
    command = await ada._find_command("imagine", 1, ada.channel_id)
    with pytest.raises(RequestRefused) as refusal:
        await ada._interact(2, lounge.id, {"id": command["id"], "version": command["version"], "options": []})
    assert refusal.value.code == 10005


async def test_the_bot_may_not_write_where_it_was_not_added(sandbox: Sandbox, api: BotApi, ada: Member) -> None:
    lounge = sandbox.add_server("Elsewhere", "ada")
    for method, path in (("POST", f"/channels/{lounge.id}/messages"), ("GET", f"/channels/{lounge.id}/messages")):
        answer = await api.call(method, path, {"content": "hello"} if method == "POST" else None)
        assert answer.outcome == (403, 50001)


async def test_a_guest_answers_through_the_interaction_and_five_times_more(
    sandbox: Sandbox, api: BotApi, ada: Member
) -> None:
    sandbox.install("ada")
    lounge = sandbox.add_server("Elsewhere", "ada")
    await ada.slash("imagine", channel=lounge.id)
    interaction = list(sandbox.world.interactions.values())[-1]
    assert interaction.owners == {"1": ada.id}
    pending = Pending(api, interaction.id, interaction.token)
    await pending.answer(4, {"content": "waiting"})
    outcomes = [await pending.webhook("POST", payload={"content": str(number)}) for number in range(6)]
    assert [answer.status for answer in outcomes] == [200] * 5 + [400]
    assert outcomes[-1].code == 40094
    assert (await pending.webhook("PATCH", "/messages/@original", {"content": "done"})).status == 200
    assert [message.content for message in sandbox.messages(lounge)] == ["done", "0", "1", "2", "3", "4"]
    sandbox.clock.advance(15 * 60)
    assert (await pending.webhook("PATCH", "/messages/@original", {"content": "late"})).outcome == (401, 50027)


async def test_a_press_comes_by_the_leave_of_its_message(sandbox: Sandbox, api: BotApi, ada: Member) -> None:
    sandbox.install("ada")
    lounge = sandbox.add_server("Elsewhere", "ada", "ben")
    sent = await ada.slash("imagine", channel=lounge.id)
    interaction = list(sandbox.world.interactions.values())[-1]
    row = {"type": 1, "components": [{"type": 2, "style": 2, "label": "U1", "custom_id": "u1"}]}
    await Pending(api, interaction.id, interaction.token).answer(4, {"content": "look", "components": [row]})
    message = await ada.response(sent)
    ben = await sandbox.member("ben")
    await ben.press(message, "U1")
    pressed = list(sandbox.world.interactions.values())[-1]
    assert (pressed.user_id, pressed.owners) == (ben.id, {"1": ada.id})
    assert pressed.is_guest


async def test_a_server_that_appears_is_seen_by_those_who_are_connected(sandbox: Sandbox, ada: Member) -> None:
    sandbox.add_server("Elsewhere", "ada")
    event = await ada.wait_for(lambda event: event.name == "GUILD_CREATE")
    assert event.data["name"] == "Elsewhere"
    assert [channel["name"] for channel in event.data["channels"]] == ["lounge"]
