"""Months as subscriptions count them: from the day and time something began, not from the first of a month."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until just before `end`."""

    start: datetime
    end: datetime


def add_months(anchor: datetime, count: int) -> datetime:
    """The same day and time so many months later, or the last day of a month that is shorter."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + count, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return anchor.replace(year=year, month=month + 1, day=day)


def period_at(anchor: datetime, now: datetime, *, months: int = 1) -> Period:
    """The period of so many months that holds `now`. Counted from the anchor, so that the 31st comes back after a
    February. Before the anchor it is the first one."""
    elapsed = (now.year - anchor.year) * 12 + now.month - anchor.month
    count = max(0, elapsed // months)
    if count and add_months(anchor, count * months) > now:
        count -= 1
    return Period(add_months(anchor, count * months), add_months(anchor, (count + 1) * months))


def calendar_month(now: datetime) -> Period:
    """For plans that began on no day of their own: the month in UTC."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(first, add_months(first, 1))
