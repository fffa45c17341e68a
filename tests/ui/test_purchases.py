"""Plans and hours that members buy from the stand-in Discord."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.config import Config
from bot.sandbox import Member
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.wire import Json
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw

PRO, HOURS, SERVER = "1100", "1200", "1300"


@pytest.fixture
async def shop(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    settings = a_config(sandbox, tmp_path).model_dump()
    skus = [{"id": PRO, "plan": "Pro"}, {"id": HOURS, "hours": 5}, {"id": SERVER, "plan": "Mega", "server": True}]
    config = Config.model_validate({**settings, "plans": {"enabled": True, "skus": skus}})
    async with Scene(sandbox, FakeEngine(), config) as scene:
        yield scene


async def subscription(member: Member) -> str:
    sent = await member.slash("info")
    message = await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    return str(message["embeds"][0]["description"]) + str(message["embeds"][0]["fields"])


async def refused(member: Member) -> Json:
    answer = await member.response(await member.slash("imagine", prompt="a fox"))
    embed: Json = answer["embeds"][0]
    return embed


async def test_subscribe_shows_premium_buttons(shop: Scene) -> None:
    ada = await shop.member()
    answer = await ada.response(await ada.slash("subscribe"))
    buttons = [button for row in answer["components"] for button in row["components"]]
    assert [(button["style"], str(button["sku_id"])) for button in buttons] == [(6, PRO), (6, HOURS), (6, SERVER)]
    assert "**Pro** 60.00 USD a month" in answer["content"]


async def test_a_bought_plan_draws_and_a_refunded_one_does_not(shop: Scene) -> None:
    ada = await shop.member()
    assert (await refused(ada))["title"] == "Subscription required"
    bought = shop.sandbox.grant("ada", PRO)
    await draw(ada, "a fox")
    assert "**Subscription**: Pro" in await subscription(ada)
    shop.sandbox.revoke(bought["id"])
    await shop.restart()  # whatever the event came to, what Discord lists decides
    assert (await refused(ada))["title"] == "Plan Cancelled"


async def test_what_is_bought_while_we_are_away_counts(shop: Scene) -> None:
    ada = await shop.member()
    await shop.close()
    shop.sandbox.grant("ada", PRO)
    hours = shop.sandbox.grant("ada", HOURS)
    await shop.open()
    await draw(ada, "a fox")
    shown = await subscription(ada)
    assert "35" in shown
    assert shop.sandbox.world.entitlements[hours["id"]]["consumed"]


async def test_what_is_bought_for_the_server_holds_for_all_its_members(shop: Scene) -> None:
    ada, ben = await shop.member(), await shop.member("ben")
    assert (await refused(ben))["title"] == "Subscription required"
    bought = shop.sandbox.grant("ada", SERVER, for_server=True)
    assert "**Subscription**: Mega" in await subscription(ada)
    await draw(ben, "a fox")
    assert "**Subscription**: Mega" in await subscription(ben)
    shop.sandbox.revoke(bought["id"])
    await shop.restart()
    assert (await refused(ben))["title"] == "Subscription required"
