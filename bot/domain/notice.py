"""Something that a member is to be told by direct message, once: what happened to their plan or their order."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.allowance import write_amount
from bot.domain.goods import Supply
from bot.domain.job import UserId
from bot.domain.plan import Catalogue, Entitlement
from bot.domain.subscription import Change


@dataclass(frozen=True, slots=True)
class Notice:
    """`id` says of what, and is unique. It is sent at `due_at` or later; `attempts` were made before."""

    id: str
    user_id: UserId
    text: str
    due_at: datetime
    attempts: int = 0


def write_change(change: Change, plan: Entitlement, catalogue: Catalogue, given: int, manage_url: str) -> str:
    """What the member is told of it. `given` is the time that a higher plan brought at once. `manage_url` leads to
    where payments are put right; empty where there is no such place."""
    name = f"**{plan.plan_name}**"
    match change:
        case Change.BEGUN:
            return f"Thank you! Your plan {name} is on{_monthly(plan, catalogue)}. `/info` shows what you have."
        case Change.RAISED:
            more = f", with {write_amount(given, catalogue.unit)} more for the rest of this month" if given else ""
            return f"You have {name} now{more}. `/info` shows what you have."
        case Change.CHANGED:
            return f"Your plan is {name} now{_monthly(plan, catalogue)}. `/info` shows what you have."
        case Change.PAUSED:
            way = f"Put it right here: {manage_url}" if manage_url else "`/subscribe` leads to where it is put right."
            return f"The payment for your plan {name} did not succeed, so it is paused. Nothing is lost. {way}"
        case Change.RESUMED:
            return f"Your payment arrived: {name} goes on where it was."
        case Change.ENDING if plan.ends_at is not None:
            return f"Your plan {name} is yours until {_date(plan.ends_at)} and is not paid for again."
        case Change.GOES_ON:
            return f"Your plan {name} goes on; it is paid for again when it is due."
        case Change.ENDED:
            return f"Your plan {name} has ended. Your pictures stay yours, and `/subscribe` has new plans."
        case _:
            return ""


def write_supply(supply: Supply, expires_at: datetime) -> str:
    return (
        f"Thank you! {write_amount(supply.amount, supply.unit)} more are yours until {_date(expires_at)}. "
        "`/info` shows what you have."
    )


def write_failed_order() -> str:
    return "A payment of yours did not succeed, so nothing was bought. `/subscribe` has all that is sold."


def write_taken_back(amount: int, catalogue: Catalogue) -> str:
    return (
        f"Your money was sent back, and {write_amount(amount, catalogue.unit)} that you had not used were taken back "
        "with it."
    )


def _monthly(plan: Entitlement, catalogue: Catalogue) -> str:
    found = catalogue.find_plan(plan.plan_name)
    amount = found.allowance(catalogue.unit) if found else 0
    return f", with {write_amount(amount, catalogue.unit)} a month" if amount else ""


def _date(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:D>"
