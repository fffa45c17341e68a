"""A member who pays: from /subscribe by a link to the stand-in Stripe, and back by signed calls, over real sockets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from bot.config import Config
from bot.db.database import open_database
from bot.sandbox import Member
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.wire import Json
from bot.usecases.audit_ledger import audit_ledger
from bot.web.payments import BACK, MAX_EVENT_BYTES
from tests.fakes import FakeEngine
from tests.stripe_stand_in.server import KEY, SECRET, StripeStandIn, deliver, signed, stand_in
from tests.ui.conftest import Scene, a_config, draw
from tests.usecases.selling import TAGS, stock

PRICES = [
    {
        "id": tag.id,
        "plan": tag.plan,
        "pack": tag.pack,
        "hours": tag.hours,
        "billing": tag.billing,
        "offered": tag.is_offered,
    }
    for tag in TAGS
]


@dataclass
class Shop:
    scene: Scene
    stripe: StripeStandIn
    heard: int = 0

    async def links(self, member: Member) -> dict[str, str]:
        """What /subscribe offers, by label."""
        answer = await member.response(await member.slash("subscribe"))
        buttons = [button for row in answer["components"] for button in row["components"]]
        return {button["label"]: button["url"] for button in buttons}

    async def webhook(self, member: Member) -> str:
        return f"{next(iter((await self.links(member)).values())).rpartition('/')[0].rpartition('/')[0]}/stripe"

    async def buy(self, member: Member, label: str) -> str:
        """What was paid for: the id of a subscription or of a payment."""
        address = await follow((await self.links(member))[label])
        return self.stripe.account.pay(address.rpartition("/")[2])

    async def tell(self, member: Member) -> None:
        """All that happened at Stripe since the last time, each thing twice."""
        url = await self.webhook(member)
        events, self.heard = self.stripe.account.events[self.heard :], len(self.stripe.account.events)
        for event in events:
            assert [await deliver(event, url), await deliver(event, url)] == [200, 200]


async def follow(url: str) -> str:
    """Where a link leads to."""
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]


async def told(member: Member, words: str) -> Json:
    """The direct message that says so."""
    return await member.wait_for_message(lambda message: words in message["content"])


async def shown(member: Member) -> str:
    sent = await member.slash("info")
    message = await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    return str(message["embeds"][0]["description"])


@pytest.fixture
async def shop(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Shop]:
    async with stand_in(lambda: datetime.now(UTC)) as stripe:
        stock(stripe.account)
        settings = a_config(sandbox, tmp_path).model_dump()
        config = Config.model_validate(
            {
                **settings,
                "plans": {"enabled": True},
                "web": {"public_url": "local", "port": 0},
                "stripe": {"prices": PRICES, "api_url": stripe.url},
                "stripe_key": KEY,
                "stripe_webhook_secret": SECRET,
            }
        )
        async with Scene(sandbox, FakeEngine(), config) as scene:
            yield Shop(scene, stripe)
    async with open_database(config.database.url) as db:
        assert not await audit_ledger(db=db)


async def test_from_the_link_to_the_plan_and_its_changes(shop: Shop) -> None:
    ada, account = await shop.scene.member(), shop.stripe.account
    links = await shop.links(ada)
    assert list(links) == [
        "Basic: 10.00 USD a month",
        "Standard: 30.00 USD a month",
        "Pro: 60.00 USD a month",
        "Pro: 576.00 USD a year",
        "5 h of extra time: 20.00 USD",
    ]
    assert not account.list("checkout.session"), "who only looks opens nothing"
    subscription = await shop.buy(ada, "Basic: 10.00 USD a month")
    await shop.tell(ada)
    await told(ada, "Your plan is **Basic** now. It brings 3 h 20 min a month.")
    assert "**Subscription**: Basic (Active monthly, renews next on" in await shown(ada)
    await draw(ada, "a fox")

    assert await follow((await shop.links(ada))["Manage"]) == portal(shop, subscription)
    account.change(subscription, "price_pro_month")
    await shop.tell(ada)
    await told(ada, "Your plan is **Pro** now. It brings 26 h ")
    seen = await shown(ada)
    assert "**Subscription**: Pro (Active" in seen
    assert "29.98/30.0 hours" in seen

    account.plan_change(subscription, "price_basic_month")
    await shop.tell(ada)
    assert "**Subscription**: Pro (Active" in await shown(ada)

    account.renew(subscription, succeeds=False)
    await shop.tell(ada)
    failed = await told(ada, "is paused. Nothing is lost.")
    assert await follow(failed["content"].rpartition(" ")[2]) == portal(shop, subscription)
    assert "**Subscription**: Pro (Paused)" in await shown(ada)
    refusal = await ada.response(await ada.slash("imagine", prompt="a fox"))
    assert refusal["embeds"][0]["title"] == "Subscription paused"

    account.pay_invoice(subscription)
    await shop.tell(ada)
    assert "**Subscription**: Basic (Active" in await shown(ada)


def portal(shop: Shop, subscription: str) -> str:
    return f"{shop.stripe.url}/portal/{shop.stripe.account.things[subscription]['customer']}"


async def test_hours_and_their_refund(shop: Shop) -> None:
    ada = await shop.scene.member()
    await shop.buy(ada, "Basic: 10.00 USD a month")
    payment = await shop.buy(ada, "5 h of extra time: 20.00 USD")
    await shop.tell(ada)
    await told(ada, "5 h more are yours until")
    assert "8.33/8.3 hours" in await shown(ada)
    shop.stripe.account.refund(payment)
    await shop.tell(ada)
    await told(ada, "what you had not used: 5 h")
    assert "3.33/3.3 hours" in await shown(ada)


async def test_a_plan_whose_payment_is_disputed_is_paused_until_that_is_settled(shop: Shop) -> None:
    ada, account = await shop.scene.member(), shop.stripe.account
    subscription = await shop.buy(ada, "Basic: 10.00 USD a month")
    await shop.tell(ada)
    dispute = account.dispute(subscription)
    await shop.tell(ada)
    await told(ada, "Your bank asks for the payment for your plan **Basic** back")
    assert "**Subscription**: Basic (Paused)" in await shown(ada)
    account.settle_dispute(dispute, "won")
    await shop.tell(ada)
    assert "**Subscription**: Basic (Active" in await shown(ada)


async def test_what_stripe_did_not_sign_for_us_now_is_refused(shop: Shop) -> None:
    ada = await shop.scene.member()
    await shop.buy(ada, "Pro: 60.00 USD a month")
    url, [*_, event] = await shop.webhook(ada), shop.stripe.account.events
    assert await deliver(event, url, secret="whsec_of_somebody_else") == 400
    assert await deliver(event, url, age=301) == 400
    body, signature = signed(event)
    async with aiohttp.ClientSession() as session:
        for data, headers in (
            (body.replace(b"evt_", b"evt_9"), {"Stripe-Signature": signature}),
            (body, {"Stripe-Signature": signature.replace("v1=", "v0=")}),
            (body, {"Stripe-Signature": "nonsense"}),
            (b"\xff\xfe", {"Stripe-Signature": signature}),
            (body, {}),
        ):
            async with session.post(url, data=data, headers=headers) as answer:
                assert answer.status == 400, headers
        async with session.post(url, data=b" " * (MAX_EVENT_BYTES + 1)) as answer:
            assert answer.status == 413
    assert "None (Inactive)" in await shown(ada)
    assert await deliver(event, url, age=299) == 200
    assert "**Subscription**: Pro" in await shown(ada)


async def test_while_stripe_is_away_it_is_asked_to_tell_again(shop: Shop) -> None:
    ada = await shop.scene.member()
    await shop.buy(ada, "Pro: 60.00 USD a month")
    url, [event, *_] = await shop.webhook(ada), shop.stripe.account.events
    link = (await shop.links(ada))["Pro: 60.00 USD a month"]
    shop.stripe.is_down = True
    assert await deliver(event, url) == 503
    async with aiohttp.ClientSession() as session, session.get(link) as answer:
        assert (answer.status, "please try again later" in await answer.text()) == (400, True)
    shop.stripe.is_down = False
    assert await deliver(event, url) == 200
    await told(ada, "Your plan is **Pro** now")


async def test_links_are_for_one_member_and_one_purpose(shop: Shop) -> None:
    ada = await shop.scene.member()
    link = (await shop.links(ada))["Pro: 60.00 USD a month"]
    async with aiohttp.ClientSession() as session:
        for wrong in (link[:-2] + "xx", link.replace("/buy/", "/manage/"), link.replace("/buy/", "/region/")):
            async with session.get(wrong) as answer:
                assert answer.status == 400
                assert "/subscribe" in await answer.text() or "not one of ours" in await answer.text()
        async with session.head(link) as answer:
            assert answer.status == 405
    assert shop.stripe.asked == []


async def test_a_plan_that_ended_while_we_were_away_ends_at_the_next_start(shop: Shop) -> None:
    ada = await shop.scene.member()
    subscription = await shop.buy(ada, "Pro: 60.00 USD a month")
    await shop.tell(ada)
    await shop.scene.close()
    shop.stripe.account.end(subscription)
    await shop.scene.open()
    await told(ada, "Your plan **Pro** has ended")
    assert "None (Inactive)" in await shown(ada)


async def test_the_pages_to_come_back_to_speak_the_browser_s_language(shop: Shop) -> None:
    ada = await shop.scene.member()
    home = (await shop.webhook(ada)).rpartition("/")[0]
    async with aiohttp.ClientSession() as session:
        for path in BACK:
            async with session.get(f"{home}{path}", headers={"Accept-Language": "de-DE,de;q=0.9"}) as answer:
                assert answer.status == 200
                assert '<html lang="de">' in await answer.text()
