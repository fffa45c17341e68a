"""Plans and time that operators and shops give and take back, while jobs hold and use them: in any order."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from bot.domain.dispute import Dispute, DisputeState
from bot.domain.job import UserId
from bot.domain.ledger import AccountKind
from bot.domain.money import Money
from bot.domain.oversight import Operator
from bot.domain.plan import Plan
from bot.usecases.grants import TimeGrant, grant_time, reinstate_part, revoke_time, suspend_part, take_back_part
from bot.usecases.oversee import give_plan, give_time, revoke_gifts
from tests.domain.factories import CATALOGUE
from tests.usecases.walking import (
    GRID,
    PATIENCE,
    PRICES,
    Due,
    WalkOfJobs,
    length,
    members,
    month_at,
    month_name,
    numbers,
)

BASIC = replace(CATALOGUE.plans[0], fast_seconds=3 * GRID)
STANDARD = replace(CATALOGUE.plans[1], fast_seconds=5 * GRID)
TRIAL = Plan("Trial", 0, BASIC.limits, fast_seconds=GRID * 3 // 2, has_relax=False)
OPERATOR = Operator(9, "Olga")
PRICE = 20
amounts = st.sampled_from([GRID // 3, GRID, 3 * GRID])


@dataclass
class Gift:
    """A plan for a time."""

    plan: Plan
    starts_at: datetime
    ends_at: datetime | None

    def is_current(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


class WalkOfGifts(WalkOfJobs):
    """Who has no plan may try the studio out."""

    catalogue = replace(CATALOGUE, plans=(BASIC, STANDARD), trial=TRIAL, prices=PRICES)

    def __init__(self, empty: Path) -> None:
        super().__init__(empty)
        self.gifts: dict[UserId, dict[int, Gift]] = {member: {} for member in self.wallets}

    def gift_of(self, member: UserId) -> Gift | None:
        current = [gift for gift in self.gifts[member].values() if gift.is_current(self.world.clock.now)]
        return max(current, key=lambda gift: gift.plan.rank, default=None)

    def plan_of(self, member: UserId) -> Plan:
        gift = self.gift_of(member)
        return gift.plan if gift else TRIAL

    def due(self, member: UserId) -> Due:
        gift = self.gift_of(member)
        if gift is None:
            return Due(f"grant:{member}:trial:gpu_seconds", "bonus", TRIAL.fast_seconds, None)
        start, end = month_at(gift.starts_at, self.world.clock.now)
        return Due(month_name(member, gift.plan.name, start), "month", gift.plan.fast_seconds, end)

    @rule(
        member=members, name=st.sampled_from(["Basic", "Standard"]), days=st.sampled_from([3, 40, None]), number=numbers
    )
    def give_plan(self, member: UserId, name: str, days: int | None, number: int) -> None:
        now, studio = self.world.clock.now, self.world.studio
        self.twice(lambda: give_plan(member, name, days, f"{member} {number}", OPERATOR, studio=studio))
        self.gifts[member].setdefault(
            number, Gift(BASIC if name == "Basic" else STANDARD, now, now + timedelta(days=days) if days else None)
        )

    @rule(member=members, amount=amounts, number=numbers)
    def give_time(self, member: UserId, amount: int, number: int) -> None:
        name = f"{member} {number}"
        self.twice(lambda: give_time(member, amount, name, OPERATOR, studio=self.world.studio))
        ends_at = self.world.clock.now + timedelta(days=30)
        self.wallets[member].give(f"grant:operator:{name}", "bonus", amount, ends_at)

    @rule(member=members)
    def revoke_gifts(self, member: UserId) -> None:
        wallet, now = self.wallets[member], self.world.clock.now
        expected = [gift.plan.name for gift in self.gifts[member].values() if gift.is_current(now)]
        revoked = self.do(revoke_gifts(member, OPERATOR, studio=self.world.studio))
        assert list(revoked.plans) == expected
        for gift in self.gifts[member].values():
            if gift.is_current(now):
                gift.ends_at, (start, _) = now, month_at(gift.starts_at, now)
                for plan in (BASIC, STANDARD):
                    self.close(month_name(member, plan.name, start), member)
        for name in [name for name in wallet.purses if name.startswith("grant:operator:")]:
            wallet.take_back(name)

    def close(self, name: str, member: UserId) -> None:
        if purse := self.wallets[member].purses.get(name):
            purse.close()

    # --- a shop ---

    @rule(member=members, amount=amounts, number=numbers)
    def buy(self, member: UserId, amount: int, number: int) -> None:
        gift = TimeGrant(member, amount, AccountKind.EXTRA, "shop", f"{member} {number}")
        self.twice(lambda: grant_time(gift, studio=self.world.studio))
        self.wallets[member].give(gift.lot, "extra", amount, self.world.clock.now + timedelta(days=60))

    @rule(member=members, number=numbers)
    def give_back(self, member: UserId, number: int) -> None:
        """Perhaps before it was bought."""
        self.twice(lambda: revoke_time(f"{member} {number}", member, source="shop", studio=self.world.studio))
        self.wallets[member].take_back(f"grant:{member} {number}")

    @rule(member=members, number=numbers, refunded=st.integers(1, PRICE))
    def refund_part(self, member: UserId, number: int, refunded: int) -> None:
        """So much in all of what 20 was paid for; an older word of it may come late."""
        wallet, name = self.wallets[member], f"grant:{member} {number}"

        async def tell() -> None:
            async with self.world.studio.db.transaction() as tx:
                await tx.users.hold(member, self.world.clock.now)
                await take_back_part(f"{member} {number}", member, PRICE, refunded, tx, studio=self.world.studio)

        self.twice(tell)
        if name in wallet.purses:
            wallet.take_part(name, wallet.purses[name].granted * refunded // PRICE)

    @rule(member=members, number=numbers, asked=st.integers(1, PRICE), is_won=st.booleans())
    def dispute(self, member: UserId, number: int, asked: int, is_won: bool) -> None:
        wallet, name = self.wallets[member], f"grant:{member} {number}"
        state = DisputeState.WON if is_won else DisputeState.OPEN
        dispute = Dispute(f"dispute {number}", Money(asked), state)

        async def tell() -> None:
            async with self.world.studio.db.transaction() as tx:
                await tx.users.hold(member, self.world.clock.now)
                if is_won:
                    await reinstate_part(f"{member} {number}", dispute, tx, studio=self.world.studio)
                else:
                    await suspend_part(f"{member} {number}", member, PRICE, dispute, tx, studio=self.world.studio)

        self.twice(tell)
        if name in wallet.purses and is_won:
            wallet.stand(name, dispute.id)
        elif name in wallet.purses:
            wallet.rest(name, dispute.id, wallet.purses[name].granted * asked // PRICE)


@pytest.mark.timeout(PATIENCE)
def test_whatever_is_given_and_taken_back_comes_to_what_is_left(empty_database: Path) -> None:
    run_state_machine_as_test(lambda: WalkOfGifts(empty_database), settings=length(8, 40))  # type: ignore[arg-type]
