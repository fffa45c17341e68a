"""What Discord says that a member owns, and how a new saying changes what we know. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.job import UserId
from bot.domain.plan import Entitlement

SOURCE, SERVER_SOURCE = "discord", "discord server"
"""What a server owns is written down like what a member owns, by its id: no member has the id of a server."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One of Discord's entitlements. `ends_at` None goes on. A deleted one was refunded or taken back. `user_id` is
    whose it is: a server's, where it was bought for one."""

    id: int
    sku_id: int
    user_id: UserId
    starts_at: datetime
    ends_at: datetime | None = None
    is_deleted: bool = False
    is_consumed: bool = False
    guild_id: int | None = None
    is_of_server: bool = False

    @property
    def reference(self) -> str:
        return f"{SOURCE}:{self.id}"

    @property
    def source(self) -> str:
        return SERVER_SOURCE if self.is_of_server else SOURCE


class News(StrEnum):
    """How we heard of it. Events bear no time, so one may be late or a replay; what was asked for, or comes with an
    interaction, is how things stood at a known time."""

    CREATED = "created"
    CHANGED = "changed"
    STANDING = "standing"


def plan_after(
    known: Entitlement | None, purchase: Purchase, plan_name: str, news: News, as_of: datetime
) -> Entitlement | None:
    """The plan as it is known from now on; None when that changes nothing.

    A creation says nothing of what is known already, and a change never brings back what has ended: only how things
    stand can.
    """
    end = _end_of(purchase, known)
    if known is None:
        return Entitlement(
            purchase.user_id, plan_name, purchase.source, purchase.starts_at, purchase.reference, as_of, end
        )
    if news is News.CREATED or (news is News.CHANGED and not _is_sooner(end, known.ends_at)):
        return None
    changed = replace(known, plan_name=plan_name, ends_at=end, as_of=as_of)
    return None if replace(changed, as_of=known.as_of) == known else changed


def _end_of(purchase: Purchase, known: Entitlement | None) -> datetime | None:
    """A deleted one never was; what it gave until now stays used."""
    if not purchase.is_deleted:
        return purchase.ends_at
    return known.starts_at if known else purchase.starts_at


def _is_sooner(end: datetime | None, known: datetime | None) -> bool:
    return end is not None and (known is None or end < known)
