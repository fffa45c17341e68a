"""What a member may know of their own account. Where plans are sold, every figure is one of the ledger's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.job import Job, JobStatus
from bot.domain.ledger import AccountKind, Lot, in_order, order_of_use
from bot.domain.place import Place
from bot.domain.plan import Catalogue
from bot.domain.prompt import Speed
from bot.domain.settings import MemberSettings
from bot.domain.standing import Standing
from bot.usecases.ports import Transaction
from bot.usecases.replenish import replenish
from bot.usecases.settings import settings_of
from bot.usecases.studio import Studio


@dataclass(frozen=True, slots=True)
class Usage:
    """`images` counts a grid as one. `amount` is in the studio's unit; where nothing is charged it is the measured
    seconds of the machine."""

    images: int
    amount: float


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """`lots` are what may be spent, in the order of their use; those that are used up stand last."""

    standing: Standing
    catalogue: Catalogue
    renews_at: datetime | None
    lots: tuple[Lot, ...]
    usage: Mapping[Speed, Usage]
    running: list[Job]
    waiting: list[Job]
    settings: MemberSettings

    @property
    def left(self) -> int:
        return sum(lot.balance for lot in self.lots)

    @property
    def granted(self) -> int:
        return sum(lot.granted for lot in self.lots)

    @property
    def lifetime(self) -> Usage:
        every = self.usage.values()
        return Usage(sum(usage.images for usage in every), sum(usage.amount for usage in every))


async def account_info(place: Place, *, studio: Studio) -> AccountInfo:
    """Looking brings the lots up to date, so it writes where plans are sold."""
    if not studio.catalogue.is_charging:
        async with studio.db.reading() as tx:
            return await _read(place, (), tx, studio)
    now = studio.now()
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, now)
        lots = await replenish(place.user_id, await studio.standing_of(place, tx), tx, studio=studio)
        spent = in_order(lot for lot in lots if not lot.balance)
        return await _read(place, (*order_of_use(lots, now), *spent), tx, studio)


async def _read(place: Place, lots: tuple[Lot, ...], tx: Transaction, studio: Studio) -> AccountInfo:
    user_id, standing = place.user_id, await studio.standing_of(place, tx)
    return AccountInfo(
        standing=standing,
        catalogue=studio.catalogue,
        renews_at=standing.renews_at(studio.now()),
        lots=lots,
        usage=await _usage(place, tx, studio),
        running=await tx.jobs.list_of_member(user_id, [JobStatus.RUNNING]),
        waiting=await tx.jobs.list_of_member(user_id, [JobStatus.QUEUED]),
        settings=await settings_of(user_id, tx),
    )


async def _usage(place: Place, tx: Transaction, studio: Studio) -> dict[Speed, Usage]:
    drawn = await tx.jobs.usage(place.user_id)
    if not studio.catalogue.is_charging:
        return {speed: Usage(*drawn.get(speed, (0, 0.0))) for speed in Speed}
    used = await tx.ledger.balances(place.user_id, studio.catalogue.unit, AccountKind.USED)
    return {speed: Usage(drawn.get(speed, (0, 0.0))[0], used.get(speed, 0)) for speed in Speed}
