"""How `/info` reads for each standing and unit."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.ledger import Account, AccountKind, Lot
from bot.domain.plan import OPEN, Billing
from bot.domain.prices import PRICES, Unit
from bot.domain.prompt import Speed
from bot.domain.settings import USUAL
from bot.domain.standing import Standing, State
from bot.ui.render_info import info_embed, write_prices, write_remaining, write_subscription
from bot.usecases.account import AccountInfo, Usage
from tests.domain.factories import CATALOGUE, an_entitlement

RENEWS = datetime(2026, 5, 1, tzinfo=UTC)
BASIC = CATALOGUE.plans[0]


def an_account(standing: Standing, *lots: Lot, unit: Unit = Unit.GPU_SECONDS) -> AccountInfo:
    return AccountInfo(
        standing=standing,
        catalogue=OPEN if standing.state is State.OPEN else replace(CATALOGUE, unit=unit),
        renews_at=RENEWS,
        lots=lots,
        usage={speed: Usage(0, 0) for speed in Speed},
        running=[],
        waiting=[],
        settings=USUAL,
    )


def a_lot(balance: int, granted: int, ends: datetime | None = RENEWS) -> Lot:
    return Lot(Account(AccountKind.MONTH, "x"), balance, granted, ends)


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(State.OPEN, BASIC), "Basic (Active)"),
        (
            Standing(State.ACTIVE, BASIC, entitlement=an_entitlement(billing=Billing.YEARLY)),
            f"Basic (Active yearly, renews next on <t:{int(RENEWS.timestamp())}>)",
        ),
        (Standing(State.ACTIVE, BASIC), f"Basic (Active monthly, renews next on <t:{int(RENEWS.timestamp())}>)"),
        (Standing(State.PAUSED, entitlement=an_entitlement(plan_name="Mega")), "Mega (Paused)"),
        (Standing(State.TRIAL, BASIC), "None (Trial)"),
        (Standing(State.NONE), "None (Inactive)"),
    ],
)
def test_each_standing_has_its_words(standing: Standing, expected: str) -> None:
    assert write_subscription(an_account(standing)) == expected


def test_time_is_told_in_hours_and_small_amounts_in_minutes() -> None:
    active = Standing(State.ACTIVE, BASIC)
    assert write_remaining(an_account(active, a_lot(106_449, 108_000))) == "29.57/30.0 hours (98.56%)"
    assert write_remaining(an_account(active, a_lot(1_500, 1_500))) == "25.00 minutes"
    assert write_remaining(an_account(active)) == "0.00 minutes"
    assert write_remaining(an_account(active, a_lot(12, 115), unit=Unit.CREDITS)) == "12/115 credits (10.43%)"
    assert write_remaining(an_account(Standing(State.OPEN, BASIC))) == "Unlimited"


def test_lots_are_told_to_the_second_with_their_end() -> None:
    account = an_account(Standing(State.ACTIVE, BASIC), a_lot(3_905, 7_200), a_lot(1, 60, None))
    fields = {field.name: field.value for field in info_embed(1, account).fields}
    assert fields["What is left"] == f"Month: 1 h 5 min 5 s, until <t:{int(RENEWS.timestamp())}:f>\nMonth: 1 s"
    assert fields["Your pictures"] == BASIC.terms


@pytest.mark.parametrize(("source", "is_told"), [("operator", True), ("stripe", False)])
def test_a_gift_is_said_to_end(source: str, is_told: bool) -> None:
    given = an_entitlement(source=source, ends_at=RENEWS)
    account = an_account(Standing(State.ACTIVE, BASIC, entitlement=given), a_lot(60, 60))
    left = next(field.value for field in info_embed(1, account).fields if field.name == "What is left")
    assert left is not None
    assert ("does not renew by itself" in left) == is_told


def test_many_lots_come_to_all_there_is() -> None:
    extra = [Lot(Account(AccountKind.EXTRA, f"{number}"), 100_000 + number, 200_000, RENEWS) for number in range(20)]
    account = an_account(Standing(State.ACTIVE, BASIC), *extra, a_lot(0, 60), unit=Unit.CREDITS)
    [told] = [field.value for field in info_embed(1, account).fields if field.name == "What is left"]
    assert told is not None
    lines = told.splitlines()
    amounts = [int(line.removeprefix("Extra: ").split()[0].replace(",", "")) for line in lines]
    assert (sum(amounts), lines[-1]) == (account.left, "Extra: 1,100,154 credits")
    assert len(told) <= 1024


def test_prices_are_told_in_the_unit() -> None:
    assert write_prices(PRICES, Unit.GPU_SECONDS).startswith("A grid of four 1 min, variations 54 s, zoom or pan 1 min")
    assert "1 credit, a turbo one 2" in write_prices(PRICES, Unit.CREDITS)
