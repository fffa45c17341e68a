"""What the settings offer becomes plans that a studio sells."""

import pytest
from pydantic import ValidationError

from bot.config_plans import PlanSettings, TierSettings
from bot.domain.money import Money
from bot.domain.plan import OPEN_STUDIO
from bot.domain.prices import Unit
from bot.offers import catalogue_of
from tests.domain.factories import CATALOGUE

HOUR = 3600


def test_the_plans_of_the_house() -> None:
    rows = [
        (p.name, str(p.monthly_price), str(p.yearly_price), p.fast_seconds / HOUR, p.has_relax, p.has_stealth)
        for p in CATALOGUE.plans
    ]
    assert rows == [
        ("Basic", "10.00 USD", "96.00 USD", 200 / 60, False, False),
        ("Standard", "30.00 USD", "288.00 USD", 15, True, False),
        ("Pro", "60.00 USD", "576.00 USD", 30, True, True),
        ("Mega", "120.00 USD", "1,152.00 USD", 60, True, True),
    ]
    assert [(p.limits.max_running, p.limits.max_waiting, p.batch_limit) for p in CATALOGUE.plans] == [
        (3, 10, 4),
        (3, 10, 10),
        (12, 10, 40),
        (12, 10, 40),
    ]
    assert [p.rank for p in CATALOGUE.plans] == [1, 2, 3, 4]
    assert [(pack.credits, pack.price) for pack in CATALOGUE.packs] == [(115, Money(1500))]
    assert (CATALOGUE.extra_hour_price, CATALOGUE.extra_days, CATALOGUE.bonus_days) == (Money(400), 60, 30)


def test_plans_are_off_until_they_are_switched_on() -> None:
    catalogue = catalogue_of(PlanSettings())
    assert not catalogue.is_charging
    assert catalogue.plans == ()
    assert OPEN_STUDIO.has_relax


def test_an_operator_may_sell_whatever_they_like() -> None:
    tiers = (TierSettings(name="Guest", credits=15), TierSettings(name="Patron", monthly_price=500, credits=300))
    catalogue = catalogue_of(
        PlanSettings(
            enabled=True, unit=Unit.CREDITS, currency="JPY", everyone="Guest", tiers=tiers, roles={5: "Patron"}
        )
    )
    assert catalogue.everyone is catalogue.plans[0]
    assert str(catalogue.plans[1].monthly_price) == "500 JPY"
    assert catalogue.plans[0].monthly_price is None
    assert [plan.allowance(catalogue.unit) for plan in catalogue.plans] == [15, 300]
    assert catalogue.find_plan("Patron") is catalogue.plans[1]
    assert catalogue.find_plan("Basic") is None


def test_a_trial_has_the_limits_of_the_least_plan_and_no_relax() -> None:
    settings = PlanSettings.model_validate({"enabled": True, "trial": {"minutes": 25}})
    trial = catalogue_of(settings).trial
    assert trial is not None
    assert (trial.allowance(Unit.GPU_SECONDS), trial.has_relax, trial.batch_limit) == (1500, False, 4)
    assert catalogue_of(PlanSettings(enabled=True)).trial is None


@pytest.mark.parametrize(
    "settings",
    [
        {"everyone": "Gold"},
        {"roles": {"1": "Gold"}},
        {"guilds": {"1": "Gold"}},
        {"tiers": [{"name": "Pro"}, {"name": "Pro"}]},
        {"currency": "dollars"},
    ],
)
def test_names_that_name_nothing_are_found_at_start(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=r"Gold|same name|currency"):
        PlanSettings.model_validate(settings)


def test_money_is_written_in_its_currency() -> None:
    assert [str(Money(minor, currency)) for minor, currency in ((5, "EUR"), (-1234567, "USD"), (1500, "JPY"))] == [
        "0.05 EUR",
        "-12,345.67 USD",
        "1,500 JPY",
    ]
