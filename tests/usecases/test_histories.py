"""Whatever happens to jobs, in any order, doubled and after crashes: the ledger balances and charges each job once."""

import asyncio
import contextlib
import csv
import io
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.db.database import open_database
from bot.domain.dispute import Dispute, DisputeState
from bot.domain.errors import CreditsExhausted, QueueFull
from bot.domain.job import DeliveryStatus, Job, JobStatus
from bot.domain.ledger import LOTS, AccountKind
from bot.domain.money import Money
from bot.usecases.cancel import cancel_job
from bot.usecases.deliver import deliver_job
from bot.usecases.dispatch import resume_jobs
from bot.usecases.export_ledger import export_ledger
from bot.usecases.grants import reinstate_part, revoke_time, suspend_part, take_back_part
from bot.usecases.ports import DeliveryRefused
from bot.usecases.run_job import EngineStopped, run_job
from engine.protocol import FailureCode
from tests.conftest import quick_place
from tests.domain.factories import ANN, CATALOGUE
from tests.usecases.conftest import World, make_world
from tests.usecases.paying import assert_sound, give, info, left, own, sell

PLAN = replace(CATALOGUE.plans[1], fast_seconds=300)


@dataclass
class History:
    """`wished` are all jobs in order; `held` the attempts as some process holds them, those of lost ones included."""

    world: World
    wished: list[Job] = field(default_factory=list)
    held: list[Job] = field(default_factory=list)

    async def wish(self, number: int) -> None:
        flags = ("", "--draft", "--turbo", "--relax", "--q 2")[number % 5]
        with contextlib.suppress(CreditsExhausted, QueueFull):
            self.wished.append(await self.world.imagine(f"a fox {flags}"))

    async def claim(self, number: int) -> None:
        if job := await self._pick(number, lambda job: job.status is JobStatus.QUEUED):
            self.held.append(await self.world.claim(job))

    async def draw(self, number: int) -> None:
        """Also by a process that lost its job long ago."""
        if self.held:
            await run_job(self.held[-1 - number % len(self.held)], studio=self.world.studio)

    async def draw_in_vain(self, number: int) -> None:
        self.world.engine.fail_next((FailureCode.OUT_OF_MEMORY, FailureCode.ENGINE_STOPPED)[number % 2])
        with contextlib.suppress(EngineStopped):
            await self.draw(number)
        self.world.engine._failures.clear()

    async def cancel(self, number: int) -> None:
        if job := await self._pick(number, lambda job: not job.has_ended):
            await cancel_job(job.id, ANN, studio=self.world.studio)

    async def restart(self, number: int) -> None:
        await resume_jobs(studio=self.world.studio)

    async def deliver(self, number: int) -> None:
        if job := await self._pick(number, lambda job: job.has_ended):
            await deliver_job(job.id, studio=self.world.studio)

    async def deliver_in_vain(self, number: int) -> None:
        refusal = DeliveryRefused("closed")
        for method in ("post_result", "send_direct", "send_direct", "show_end", "show_end"):
            self.world.notifier.refuse(method, refusal)
        if job := await self._pick(number, lambda job: job.delivery is DeliveryStatus.PENDING):
            await deliver_job(job.id, studio=self.world.studio)
        self.world.notifier._errors.clear()

    async def gift(self, number: int) -> None:
        kind = (AccountKind.BONUS, AccountKind.EXTRA)[number % 2]
        await give(self.world, 90, kind, f"gift {number % 4}")

    async def take_back(self, number: int) -> None:
        await revoke_time(f"gift {number % 4}", ANN, source="test", studio=self.world.studio)

    async def refund_part(self, number: int) -> None:
        """Of what 20 was paid for; ever more of it goes back, and an older word of it comes late."""
        async with self.world.studio.db.transaction() as tx:
            await tx.users.hold(ANN, self.world.clock.now)
            await take_back_part(f"gift {number % 4}", ANN, 20, number, tx, studio=self.world.studio)

    async def ask_back(self, number: int) -> None:
        await self._follow(f"gift {number % 4}", number, DisputeState.OPEN)

    async def give_in(self, number: int) -> None:
        await self._follow(f"gift {number % 4}", number, DisputeState.WON)

    async def _follow(self, gift: str, number: int, state: DisputeState) -> None:
        dispute = Dispute(f"dispute {number // 10}", Money(number), state)
        async with self.world.studio.db.transaction() as tx:
            await tx.users.hold(ANN, self.world.clock.now)
            if dispute.is_won:
                await reinstate_part(gift, dispute, tx, studio=self.world.studio)
            else:
                await suspend_part(gift, ANN, 20, dispute, tx, studio=self.world.studio)

    async def wait(self, number: int) -> None:
        self.world.clock.advance((1, 3_600, 9 * 86_400)[number % 3])

    async def next_month(self, number: int) -> None:
        """Somebody looks, and what was left of the old month is closed."""
        self.world.clock.advance(31 * 86_400)
        await left(self.world)

    async def _pick(self, number: int, is_fit: Callable[[Job], bool]) -> Job | None:
        jobs = [await self.world.job(job.id) for job in self.wished]
        fit = [job for job in jobs if is_fit(job)]
        return fit[number % len(fit)] if fit else None


Step = tuple[Callable[[History, int], Awaitable[None]], int]
STEPS: tuple[Callable[[History, int], Awaitable[None]], ...] = (
    History.wish,
    History.wish,
    History.wish,
    History.claim,
    History.claim,
    History.draw,
    History.draw,
    History.draw_in_vain,
    History.cancel,
    History.restart,
    History.deliver,
    History.deliver_in_vain,
    History.gift,
    History.take_back,
    History.refund_part,
    History.ask_back,
    History.give_in,
    History.wait,
    History.next_month,
)


@settings(max_examples=20)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 19)), min_size=15, max_size=45))
@example(steps=[(History.wish, 0), (History.claim, 0), (History.draw, 0), (History.deliver_in_vain, 0)])
@example(steps=[(History.wish, 0), (History.next_month, 0), (History.cancel, 0)])
@example(steps=[(History.gift, 1), (History.wish, 4), (History.wish, 4), (History.take_back, 1), (History.cancel, 1)])
@example(
    steps=[(History.gift, 1), (History.wish, 4), (History.wish, 4), (History.refund_part, 19), (History.cancel, 1)]
)
@example(
    steps=[
        (History.gift, 1),
        (History.wish, 4),
        (History.wish, 4),
        (History.refund_part, 9),
        (History.ask_back, 13),
        (History.cancel, 1),
        (History.give_in, 13),
        (History.cancel, 0),
    ]
)
def test_any_history_is_charged_as_it_ended(steps: list[Step], empty_database: Path) -> None:
    asyncio.run(live(steps, empty_database))


async def live(steps: list[Step], empty: Path) -> None:
    with tempfile.TemporaryDirectory(dir=quick_place()) as name:
        path = shutil.copy(empty, Path(name) / "easel.db")
        async with open_database(f"sqlite:///{path}") as database:
            world = make_world(database, Path(name))
            sell(world, replace(CATALOGUE, plans=(PLAN,)))
            await own(world, PLAN.name)
            history = History(world)
            for step, number in steps:
                await step(history, number)
            await check(world)


async def check(world: World) -> None:
    """The books are sound, and what was given is what is left, used, held, expired and taken back."""
    account = await info(world)
    await assert_sound(world)
    async with world.studio.db.reading() as tx:
        unit = world.studio.catalogue.unit
        sums = {kind: sum((await tx.ledger.balances(ANN, unit, kind)).values()) for kind in AccountKind}
        succeeded = [s for s, _ in (await tx.jobs.list_states(ANN)).values() if s is JobStatus.SUCCEEDED]
    lots = sum(sums[kind] for kind in (AccountKind.MONTH, AccountKind.BONUS, AccountKind.EXTRA))
    assert account.left == lots == exported_left(await export_ledger(ANN, db=world.studio.db))
    assert account.lifetime.amount == sums[AccountKind.USED]
    assert account.lifetime.images == len(succeeded)
    assert sum(sums.values()) == 0


def exported_left(table: str) -> int:
    return sum(int(row["amount"]) for row in csv.DictReader(io.StringIO(table)) if row["account"] in LOTS)
