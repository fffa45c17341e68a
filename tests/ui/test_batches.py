"""Several jobs from one command: asked about first, then all of them, or another prompt, or none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Member, Sandbox, Sent
from bot.sandbox.wire import Json
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, buttons_of, is_result


async def ask(member: Member, prompt: str) -> tuple[Sent, Json]:
    sent = await member.slash("imagine", prompt=prompt)
    return sent, await member.response(sent)


async def edited(member: Member, message: Json, sent: Sent) -> Json:
    return await member.wait_for_message(lambda seen: seen["id"] == message["id"], since=sent)


def results(scene: Scene) -> list[str]:
    shown = [message.content for message in scene.sandbox.messages() if message.attachments]
    return [content for content in shown if "%" not in content]


async def wait_for_results(member: Member, scene: Scene, count: int, sent: Sent) -> list[str]:
    await member.wait_for(lambda _: len(results(scene)) == count, since=sent.mark)
    return results(scene)


async def test_the_question_names_the_jobs_and_draws_nothing(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "a {red, blue} **owl** --seed 7")
    assert question["flags"] & 64
    assert "**2 jobs**" in question["content"]
    assert "> a red owl --seed 7" in question["content"]
    assert "fast time" not in question["content"]  # nothing is charged here
    assert buttons_of(question).keys() == {"Draw 2", "Edit", "Cancel"}
    assert scene.engine.requests == []


async def test_yes_draws_each_choice_in_order_as_a_job_of_its_own(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "a {red, blue} owl --seed 7")
    sent = await ada.press(question, "Draw 2")
    assert (await edited(ada, question, sent))["content"] == "2 jobs are on their way."
    contents = await wait_for_results(ada, scene, 2, sent)
    assert {content.partition(" --")[0] for content in contents} == {"**a red owl", "**a blue owl"}
    assert [request.prompt for request in scene.engine.requests] == ["a red owl", "a blue owl"]


async def test_a_repeat_draws_the_same_words_with_new_seeds(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "an owl --repeat 2")
    await wait_for_results(ada, scene, 2, await ada.press(question, "Draw 2"))
    first, second = scene.engine.requests
    assert first.prompt == second.prompt
    assert first.seeds != second.seeds


async def test_a_question_outlives_a_restart_and_is_answered_once(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "{red, blue} owl")
    await scene.restart()
    sent = await ada.press(question, "Draw 2")
    again = await ada._on_message(question, {"component_type": 2, "custom_id": _id(question, "Draw 2")})
    refused = await ada.response(again)
    assert "answered already" in refused["embeds"][0]["description"]
    assert len(await wait_for_results(ada, scene, 2, sent)) == 2


def _id(message: Json, label: str) -> str:
    return str(buttons_of(message)[label]["custom_id"])


async def test_yes_is_yes_even_if_discord_does_not_take_the_answer(scene: Scene) -> None:
    """The jobs are written down, so they are drawn: the member pressed once and sees them begin."""
    ada = await scene.member()
    _, question = await ask(ada, "a {red, blue} owl")
    scene.sandbox.faults.add("POST", "/callback$", status=404, code=10062, times=9)
    sent = await ada.press(question, "Draw 2")
    assert len(await wait_for_results(ada, scene, 2, sent)) == 2


async def test_no_draws_nothing(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "{red, blue} owl")
    sent = await ada.press(question, "Cancel")
    answered = await edited(ada, question, sent)
    assert answered["content"] == "Nothing is drawn."
    assert answered["components"] == []
    assert scene.engine.requests == []


async def test_the_prompt_may_be_edited_to_other_jobs(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "{red, blue} owl")
    form = await ada.modal(await ada.press(question, "Edit"))
    (row,) = form["components"]
    assert row["components"][0]["value"] == "{red, blue} owl"
    sent = await ada.submit_modal(form, {"EASEL::batch::prompt": "{red, blue, green} fox"})
    question = await edited(ada, question, sent)
    assert "**3 jobs**" in question["content"]
    await wait_for_results(ada, scene, 3, await ada.press(question, "Draw 3"))


async def test_one_job_is_drawn_without_another_question(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "{red, blue} owl")
    form = await ada.modal(await ada.press(question, "Edit"))
    sent = await ada.submit_modal(form, {"EASEL::batch::prompt": "a fox"})
    assert (await edited(ada, question, sent))["content"] == "Your job is on its way."
    (content,) = await wait_for_results(ada, scene, 1, sent)
    assert content == f"**a fox** - {ada.mention} (fast)"


async def test_a_wrong_edit_leaves_the_question_open(scene: Scene) -> None:
    ada = await scene.member()
    _, question = await ask(ada, "{red, blue} owl")
    form = await ada.modal(await ada.press(question, "Edit"))
    refused = await ada.response(await ada.submit_modal(form, {"EASEL::batch::prompt": "owl --foo"}))
    assert refused["embeds"][0]["title"] == "Invalid parameter"
    await wait_for_results(ada, scene, 2, await ada.press(question, "Draw 2"))


async def test_more_jobs_than_the_plan_allows_are_refused(scene: Scene) -> None:
    ada = await scene.member()
    _, refused = await ask(ada, "{1,2,3,4,5,6,7,8,9,10,11} owls")
    assert refused["embeds"][0]["title"] == "Job action restricted"
    assert "10" in refused["embeds"][0]["description"]


async def test_batches_in_relax_mode_are_refused(scene: Scene) -> None:
    ada = await scene.member()
    _, refused = await ask(ada, "{red, blue} owl --relax")
    assert "You can not submit batch jobs in relax mode" in refused["embeds"][0]["description"]


@pytest.fixture
async def narrow(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    """A studio where a member has one job drawn and two waiting at most."""
    config = a_config(sandbox, tmp_path)
    queue = config.queue.model_copy(update={"max_running": 1, "max_waiting": 2})
    async with Scene(sandbox, FakeEngine(), config.model_copy(update={"queue": queue})) as scene:
        yield scene


async def test_what_the_queue_does_not_take_is_told(narrow: Scene) -> None:
    narrow.engine.hold()
    ada = await narrow.member()
    _, first = await ask(ada, "owl --r 5")
    sent = await ada.press(first, "Draw 5")
    told = await ada.wait_for_message(lambda message: "Queue full" in message["content"], since=sent)
    assert "2 of the 5 jobs did not fit" in told["content"]
    _, second = await ask(ada, "cat --r 2")
    refused = await ada.response(await ada.press(second, "Draw 2"))
    assert refused["embeds"][0]["title"] == "Queue full"


async def test_jobs_behind_others_of_the_member_say_so(narrow: Scene) -> None:
    first = narrow.engine.hold()
    ada, ben = await narrow.member("ada"), await narrow.member("ben")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    assert waiting["embeds"] == []
    await first.reached()
    waiting = await ada.response(await ada.slash("imagine", prompt="one more fox --ar 3:2"))
    (embed,) = waiting["embeds"]
    assert (embed["title"], embed["color"]) == ("Job queued", 16776960)
    assert embed["footer"]["text"] == "/imagine one more fox --ar 3:2"
    assert waiting["content"].endswith("(Waiting to start)")
    sent = await ben.slash("imagine", prompt="my fox")
    assert (await ben.response(sent))["embeds"] == []
    await ben.wait_for_message(is_result, since=sent)
    second = narrow.engine.hold(step=2)
    first.open()
    await second.reached()
    running = await ada.wait_for_message(lambda message: message["id"] == waiting["id"] and "%" in message["content"])
    assert running["embeds"] == []


async def test_the_price_is_named_where_something_is_charged(sandbox: Sandbox, tmp_path: Path) -> None:
    config = a_config(sandbox, tmp_path)
    charging = {"plans": {"enabled": True, "everyone": "Standard"}}
    config = type(config).model_validate(config.model_dump() | charging)
    async with Scene(sandbox, FakeEngine(), config) as scene:
        ada = await scene.member()
        _, question = await ask(ada, "{red, blue} owl")
        assert "Together they take about 2.0 minutes of fast time." in question["content"]


async def test_what_was_understood_otherwise_is_told_to_the_member_alone(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("imagine", prompt="an owl --seed 1 --seed 2")
    notice = await ada.wait_for_message(lambda m: bool(m.get("flags", 0) & 64), since=sent)
    assert "--seed" in notice["content"]
    await ada.wait_for_message(is_result, since=sent)
    assert scene.engine.requests[0].seeds[0] == 1
