"""The studio: the ports that the use cases act through, handed to each as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from bot.domain.backoff import backoff
from bot.domain.errors import MemberBlocked, PlanCancelled
from bot.domain.job import Job, UserId
from bot.domain.place import Place
from bot.domain.plan import OPEN, Catalogue, Entitlement, Limits, Plan
from bot.domain.purchase import SERVER_SOURCE
from bot.domain.standing import Standing, State, find_standing, open_plan
from bot.usecases.notices import Notices
from bot.usecases.ports import Database, ImageStore, Links, Notifier, RegionLinks, Transaction
from bot.usecases.till import PaymentLinks
from engine.protocol import Engine


@dataclass(frozen=True, slots=True)
class Studio:
    """`wake` tells whoever draws and delivers that the job table has changed.

    `limits` are those of a studio that sells no plans; `page_size` is pictures on a page of the gallery; `versions`
    says which model draws which version that a prompt may name (see `PromptRules.models`); `likes_needed` is how many
    pictures a member likes before they have a style of their own; `owner` names this process in the leases of what it
    works on; `region_links` is None where there are no pages of ours, `payment_links` where nothing is sold on them;
    `pause` gives the seconds to wait after the n-th failed try (counted from 0) of what is worth another.
    """

    db: Database
    engine: Engine
    store: ImageStore
    notifier: Notifier
    links: Links
    wake: Callable[[], None]
    now: Callable[[], datetime]
    limits: Limits
    page_size: int
    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    catalogue: Catalogue = OPEN
    likes_needed: int = 10
    owner: str = "studio"
    region_links: RegionLinks | None = None
    payment_links: PaymentLinks | None = None
    pause: Callable[[int], float] = backoff
    notices: Notices = field(default_factory=Notices)

    async def standing_of(self, place: Place, tx: Transaction) -> Standing:
        now = self.now()
        owned = await tx.entitlements.list_current(place.user_id, now) if self.catalogue.is_charging else []
        bought_here = await self._owned_by_server(place, tx, now)
        return find_standing(owned, place, self.catalogue, now, limits=self.limits, of_server=bought_here)

    async def _owned_by_server(self, place: Place, tx: Transaction, now: datetime) -> list[Entitlement]:
        if place.guild_id is None or not any(sku.is_for_server for sku in self.catalogue.skus):
            return []
        owned = await tx.entitlements.list_current(UserId(place.guild_id), now)
        return [one for one in owned if one.source == SERVER_SOURCE]

    async def check_block(self, member_id: UserId, tx: Transaction) -> None:
        """Raises `MemberBlocked`."""
        block = await tx.oversight.find_block(member_id)
        if block is not None and block.holds(self.now()):
            raise MemberBlocked(block.until, block.reason)

    async def require_standing(self, place: Place, tx: Transaction) -> Standing:
        """That of a member who may draw. Raises `MemberBlocked`, `SubscriptionRequired`, `SubscriptionPaused` or
        `PlanCancelled`."""
        await self.check_block(place.user_id, tx)
        standing = await self.standing_of(place, tx)
        if standing.state is State.NONE and (ended_at := await tx.entitlements.find_end(place.user_id, self.now())):
            raise PlanCancelled(ended_at)
        standing.require_plan()
        return standing

    def plan_for(self, job: Job) -> Plan:
        """The plan that the job was admitted under, as it is today; one that is gone leaves the open studio's."""
        return self.catalogue.find_plan(job.plan_name) or open_plan(self.catalogue, self.limits)
