"""Ordered trouble does what it says, to the raw wire and to the real client."""

import asyncio

import aiohttp
import pytest

from bot.sandbox import Sandbox
from tests.sandbox.bot_api import BotApi
from tests.sandbox.studio_bot import StudioBot


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (404, 10003), (413, 40005), (500, 0), (502, 0)])
async def test_an_ordered_error_answers_so_many_requests_and_no_more(
    api: BotApi, sandbox: Sandbox, status: int, code: int
) -> None:
    fault = sandbox.faults.add("POST", r"/channels/\d+/messages$", status=status, times=2)
    assert [(await api.post("x")).outcome for _ in range(2)] == [(status, code)] * 2
    assert (await api.post("x")).status == 200
    assert fault.hits == 2
    assert len(sandbox.messages()) == 1


async def test_the_real_client_waits_out_an_ordered_429(sandbox: Sandbox, bot: StudioBot) -> None:
    fault = sandbox.faults.add("POST", r"/channels/\d+/messages$", status=429, retry_after=0.01, times=2)
    ada = await sandbox.member("ada")
    await ada.slash("imagine", prompt="patience")
    await ada.wait_for_message(lambda message: bool(message["components"]))
    assert fault.hits == 2


@pytest.mark.parametrize(("cut", "kept"), [("before", 0), ("after", 1)])
async def test_a_cut_wire_loses_the_request_or_only_its_answer(
    api: BotApi, sandbox: Sandbox, cut: str, kept: int
) -> None:
    sandbox.faults.add("POST", r"/messages$", cut=cut)
    with pytest.raises(aiohttp.ClientError):
        await api.post("x")
    assert len(sandbox.messages()) == kept


async def test_a_held_request_goes_on_when_released(api: BotApi, sandbox: Sandbox) -> None:
    hold = sandbox.faults.hold("POST", r"/messages$")
    posting = asyncio.create_task(api.post("x"))
    await hold.reached.wait()
    assert sandbox.messages() == []
    hold.release()
    assert (await posting).status == 200


async def test_events_can_be_doubled_swapped_lost_and_held(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")

    async def contents(last: str) -> list[str]:
        await ada.wait_for(lambda event: event.name == "MESSAGE_CREATE" and event.data["content"] == last)
        seen = [event.data["content"] for event in ada.events if event.name == "MESSAGE_CREATE"]
        ada.events.clear()
        return seen

    sandbox.event_faults.add("double", "MESSAGE_CREATE", user_id=ada.id)
    await api.post("a")
    await api.post("end")
    assert await contents("end") == ["a", "a", "end"]
    sandbox.event_faults.add("swap", "MESSAGE_CREATE", user_id=ada.id)
    await api.post("a")
    await api.post("b")
    await api.post("end")
    assert await contents("end") == ["b", "a", "end"]
    sandbox.event_faults.add("lose", "MESSAGE_CREATE", user_id=ada.id)
    sandbox.event_faults.add("hold", "MESSAGE_CREATE", user_id=ada.id)
    await api.post("lost")
    await api.post("late")
    await api.post("b")
    sandbox.gateway.release_held()
    await api.post("end")
    assert await contents("end") == ["b", "late", "end"]


@pytest.mark.parametrize("how", ["close", "abort", "reconnect", "invalid"])
async def test_the_real_client_comes_back_from_every_kind_of_drop(sandbox: Sandbox, bot: StudioBot, how: str) -> None:
    ada = await sandbox.member("ada")
    assert sandbox.drop_bot(how=how) == 1
    await bot.resumed.wait()
    assert (await ada.response(await ada.slash("find", text="moon")))["content"] == "found moon"


async def test_a_doubled_interaction_is_answered_once(sandbox: Sandbox, bot: StudioBot) -> None:
    ada = await sandbox.member("ada")
    sandbox.event_faults.add("double", "INTERACTION_CREATE", user_id=sandbox.config.application_id)
    await ada.response(await ada.slash("find", text="moon"))
    await ada.response(await ada.slash("find", text="fox"))
    refused = [record.code for record in sandbox.requests if record.status == 400]
    assert refused == [40060]
    assert len(sandbox.messages()) == 2
