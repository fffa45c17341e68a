"""What a member may type that cannot be drawn, or that must not do what it says: each over the real socket."""

import pytest

from bot.sandbox import RequestRefused, Sandbox, Upload
from tests.e2e.studio import Scene, draw, refusal
from tests.odd_pictures import READABLE


@pytest.mark.parametrize("prompt", [" ", "**", "` `", "--ar 3:2"])
async def test_an_empty_prompt_is_answered_with_an_example(scene: Scene, prompt: str) -> None:
    title, sentence = await refusal(await scene.member(), prompt)
    assert (title, "/imagine prompt: a fox" in sentence) == ("Empty prompt", True)
    assert await scene.jobs() == []


async def test_more_than_six_thousand_characters_are_told_the_limit(scene: Scene) -> None:
    ada = await scene.member()
    title, sentence = await refusal(ada, "—" * 6_000)  # each is written as two hyphens
    assert title == "Invalid prompt"
    assert "12,000 characters; at most 6,000" in sentence
    with pytest.raises(RequestRefused):  # Discord itself takes no more
        await ada.slash("imagine", prompt="x" * 6_001)
    assert await scene.jobs() == []


async def test_the_longest_prompt_that_is_taken_is_shown_whole_to_the_end(scene: Scene) -> None:
    prompt = "a fox " * 300
    grid = await draw(await scene.member(), prompt)
    assert f"**{prompt.strip()}**" in grid["content"]


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a fox --chaoz 9", "Unrecognized parameter(s): chaoz"),
        ("a fox --ar 15:1", "Use a shape between 1:14 and 14:1"),
        ("a fox --seed cat", "`--seed` needs a whole number"),
    ],
)
async def test_a_wrong_parameter_is_named(scene: Scene, prompt: str, said: str) -> None:
    title, sentence = await refusal(await scene.member(), prompt)
    assert title == "Invalid parameter"
    assert said in sentence
    assert scene.engine.requests == []


async def test_markup_and_mentions_in_a_prompt_ping_nobody_and_break_nothing(scene: Scene, sandbox: Sandbox) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    prompt = f"**bold** `code` ```block``` @everyone @here {ben.mention} <@&{sandbox.world.guild.id}> a fox"
    grid = await draw(ada, prompt)
    await ada.react(grid, "✉️")
    await ada.wait_for_message(lambda message: "**Job ID**" in message["content"])

    echo = f"bold code block @everyone @here {ben.mention} <@&{sandbox.world.guild.id}> a fox"
    assert grid["content"] == f"**{echo}** - {ada.mention} (fast)"
    assert grid["attachments"][0]["description"] == echo
    in_channel = {message.id for message in sandbox.messages()}
    assert {ping.target for ping in sandbox.pings if ping.message_id in in_channel} == {ada.id}
    assert {ping.target for ping in sandbox.pings} == {ada.id}, "the direct message reaches its reader alone"


async def test_a_failure_with_mentions_pings_nobody_else(scene: Scene, sandbox: Sandbox) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    gate = scene.engine.hold(step=1)
    waiting = await ada.response(await ada.slash("imagine", prompt=f"@everyone {ben.mention} a fox"))
    await gate.reached()
    await ada.press(waiting, "Cancel Job")
    await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])
    assert {ping.target for ping in sandbox.pings} <= {ada.id}


async def test_no_answer_pings_anybody(scene: Scene, sandbox: Sandbox) -> None:
    """Whatever a member types may come back in an answer, and everything there is only shown."""
    ada, ben = await scene.member("ada"), await scene.member("ben")
    grid = await draw(ada, "a fox")
    sandbox.pings.clear()
    hostile = f"@everyone @here {ben.mention} <@&{sandbox.world.guild.id}>"
    for command, options in (
        ("ask", {"question": hostile}),
        ("prefer option set", {"option": "mine", "value": hostile}),
        ("prefer option list", {}),
        ("prefer suffix", {"new_value": f"--no {hostile}"}),
        ("settings", {}),
        ("docs", {"doc": hostile, "mention": ben}),
        ("faq", {"faq": hostile}),
        ("show", {"job_id": hostile[:36]}),
        ("shorten", {"prompt": hostile}),
        ("describe", {"link": hostile}),
        ("gallery", {"search": hostile[:40]}),
        ("imagine", {"prompt": f"fox --bogus {hostile}"}),
        ("imagine", {"prompt": f"{{a, b}} {hostile}"}),
        ("upscale", {"image": Upload(f"{hostile}.png", READABLE["alpha"].data)}),
        ("style_code share", {"code": hostile[:40]}),
    ):
        sent = await ada.slash(command, **options)
        await ada.wait_for_message(lambda message: bool(message["content"] or message["embeds"]), since=sent)
    report = await ben.context_menu("Report Job", grid)
    await ben.success(report)
    await ada.wait_for_message(lambda message: "Upscaled" in message["content"])
    assert {ping.target for ping in sandbox.pings} <= {ada.id}
