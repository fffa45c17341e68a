"""Something that a member is to be told by direct message, once: what happened to their plan or their order."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import write_amount
from bot.domain.goods import Supply
from bot.domain.job import UserId
from bot.domain.plan import Catalogue, Entitlement
from bot.domain.prices import Unit
from bot.domain.said import Said, joined
from bot.domain.subscription import Change


@dataclass(frozen=True, slots=True)
class Letter:
    """`id` says of what, and is unique. It is sent at `due_at` or later; `attempts` were made before."""

    id: str
    user_id: UserId
    text: str
    due_at: datetime
    attempts: int = 0


LOOK = Said("`/info` shows what you have.")


def write_change(
    change: Change, plan: Entitlement, catalogue: Catalogue, given: int = 0, manage_url: str = ""
) -> Said | None:
    """What the member is told of it. `given` is the time that a higher plan brought at once. `manage_url` leads to
    where payments are put right; empty where there is no such place."""
    name = f"**{plan.plan_name}**"
    match change:
        case Change.BEGUN:
            return joined(Said("Thank you! Your plan is {plan} now.", plan=name), _monthly(plan, catalogue), LOOK)
        case Change.CHANGED:
            return joined(Said("Your plan is {plan} now.", plan=name), _monthly(plan, catalogue), LOOK)
        case Change.RAISED:
            more = Said("It brings {amount} more this month.", amount=write_amount(given, catalogue.unit))
            return joined(Said("Your plan is {plan} now.", plan=name), more if given else "", LOOK)
        case Change.PAUSED:
            paused = Said(
                "The payment for your plan {plan} did not succeed, so it is paused. Nothing is lost.", plan=name
            )
            return joined(paused, Said("Put it right here: {link}", link=manage_url) if manage_url else "")
        case Change.RESUMED:
            return Said("Your payment has arrived: {plan} goes on where it was.", plan=name)
        case Change.ENDING if plan.ends_at is not None:
            return Said(
                "Your plan {plan} is yours until {date}, and is not paid for again.",
                plan=name,
                date=_date(plan.ends_at),
            )
        case Change.GOES_ON:
            return Said("Your plan {plan} goes on.", plan=name)
        case Change.ENDED:
            return Said("Your plan {plan} has ended. Your pictures stay yours.", plan=name)
        case _:
            return None


def write_supply(supply: Supply, expires_at: datetime) -> Said:
    given = Said(
        "Thank you! {amount} more are yours until {date}.",
        amount=write_amount(supply.amount, supply.unit),
        date=_date(expires_at),
    )
    return joined(given, LOOK)


FAILED_ORDER = Said("A payment of yours did not succeed, so nothing was bought.")


def write_taken_back(amount: int, unit: Unit) -> Said:
    return Said(
        "Your money was sent back, and with it goes what you had not used: {amount}.", amount=write_amount(amount, unit)
    )


def write_disputed_plan(plan: Entitlement) -> Said:
    return Said(
        "Your bank asks for the payment for your plan {plan} back, so it is paused until that is settled.",
        plan=f"**{plan.plan_name}**",
    )


def write_suspended(amount: int, unit: Unit) -> Said:
    return Said(
        "Your bank asks for a payment back. Until that is settled, what you had not used rests: {amount}.",
        amount=write_amount(amount, unit),
    )


def write_reinstated(amount: int, unit: Unit) -> Said:
    return Said("Your payment stands, and this is yours again: {amount}.", amount=write_amount(amount, unit))


def _monthly(plan: Entitlement, catalogue: Catalogue) -> str:
    found = catalogue.find_plan(plan.plan_name)
    amount = found.allowance(catalogue.unit) if found else 0
    return Said("It brings {amount} a month.", amount=write_amount(amount, catalogue.unit)) if amount else ""


def _date(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:D>"
