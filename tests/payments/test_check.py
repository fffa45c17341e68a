"""What `make doctor` says of Stripe, asked of the stand-in."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.config import Config
from bot.doctor import _check_stripe
from bot.domain.finding import Finding, Health
from bot.payments.check import check_stripe
from tests.stripe_stand_in.server import KEY, stand_in
from tests.usecases.selling import SHOP, TAGS, stock


def bad(findings: list[Finding]) -> list[str]:
    return [f"{finding.subject}: {finding.sentence}" for finding in findings if finding.health is Health.BAD]


async def test_prices_that_fit_are_good() -> None:
    async with stand_in(lambda: datetime.now(UTC)) as stripe:
        stock(stripe.account)
        stripe.account.things["price_pro_old"]["active"] = False  # it is not offered any more
        findings = await check_stripe(KEY, SHOP, stripe.url)
    assert bad(findings) == []
    sentences = [finding.sentence for finding in findings]
    assert "60.00 USD for Pro." in sentences
    assert "50.00 USD for Pro." in sentences
    assert findings[-1].sentence == "It is one for tests: nobody really pays."


@pytest.mark.parametrize(
    ("changes", "health", "words"),
    [
        ({"active": False}, Health.BAD, "archived"),
        ({"recurring": {"interval": "year", "interval_count": 1}}, Health.BAD, "should be paid by the month"),
        ({"recurring": {"interval": "month", "interval_count": 3}}, Health.BAD, "should be paid by the month"),
        ({"recurring": None}, Health.BAD, "is paid once"),
        ({"unit_amount": None}, Health.BAD, "no fixed amount"),
        ({"unit_amount": 999}, Health.WARNING, "asks for 9.99 USD, and the settings say 10.00 USD"),
        ({"currency": "jpy"}, Health.WARNING, "asks for 1,000 JPY"),
    ],
)
async def test_each_thing_that_is_wrong_with_a_price_is_named(
    changes: dict[str, object], health: Health, words: str
) -> None:
    async with stand_in(lambda: datetime.now(UTC)) as stripe:
        stock(stripe.account)
        stripe.account.things["price_basic_month"] |= changes
        finding = (await check_stripe(KEY, SHOP, stripe.url))[0]
    assert finding.health is health
    assert words in finding.sentence


async def test_keys_and_prices_that_stripe_does_not_know() -> None:
    async with stand_in(lambda: datetime.now(UTC)) as stripe:
        stock(stripe.account)
        assert bad(await check_stripe("sk_live_stale", SHOP, stripe.url)) == [
            "stripe key: Stripe does not accept it. Copy it from the dashboard."
        ]
        assert "publishable" in bad(await check_stripe("pk_live_1", SHOP, stripe.url))[0]
        unknown = replace(SHOP, price_tags=(replace(TAGS[0], id="price_typo"),))
        assert bad(await check_stripe(KEY, unknown, stripe.url)) == [
            "price price_typo: Basic: Stripe knows no such price among those for tests."
        ]
        stripe.is_down = True
        assert "could not be asked" in bad(await check_stripe(KEY, SHOP, stripe.url))[0]


async def test_a_key_that_may_not_read_all_that_is_needed() -> None:
    async with stand_in(lambda: datetime.now(UTC)) as stripe:
        stock(stripe.account)
        stripe.denied = {"/v1/disputes"}
        assert bad(await check_stripe(KEY, SHOP, stripe.url)) == [
            "stripe key: It may not read disputes. docs/plans.md lists what it needs."
        ]
        stripe.denied = {f"/v1/prices/{TAGS[0].id}"}
        assert "may not read prices" in bad(await check_stripe(KEY, SHOP, stripe.url))[0]


async def test_secrets_that_are_missing_or_mixed_up_are_named() -> None:
    sold = {"plans": {"enabled": True}, "web": {"public_url": "local"}, "stripe": {"prices": [{"id": "p", "hours": 5}]}}
    assert await _check_stripe(Config()) == []
    assert [finding.subject for finding in await _check_stripe(Config.model_validate(sold))] == [
        "stripe key",
        "stripe webhook",
        "payment links",
    ]
    mixed = Config.model_validate({**sold, "stripe_webhook_secret": "sk_live_1", "web_secret": "x"})
    assert "begin with whsec_" in bad(await _check_stripe(mixed))[1]
    [idle] = await _check_stripe(Config.model_validate({**sold, "plans": {"enabled": False}}))
    assert "plans.enabled is false" in idle.sentence
