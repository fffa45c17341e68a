"""A walk through the life of a studio that sells time: rules for jobs, and what must hold after every step.

The `Wallet` of each member is told what happens and counts by itself; the database is read past our own code.
"""

import asyncio
import calendar
import contextlib
import csv
import io
import shutil
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.db.database import open_database
from bot.domain.errors import (
    CreditsExhausted,
    EmptyPrompt,
    JobNotCancellable,
    NotInPlan,
    QueueFull,
    SubscriptionPaused,
    SubscriptionRequired,
)
from bot.domain.job import Job, JobId, UserId
from bot.domain.lease import LEASE
from bot.domain.place import Place
from bot.domain.plan import Catalogue, Limits, Plan
from bot.domain.prices import PriceList
from bot.domain.prompt import Speed
from bot.usecases.account import AccountInfo
from bot.usecases.cancel import cancel_job, discard_job
from bot.usecases.deliver import deliver_job
from bot.usecases.dispatch import claim_next, resume_jobs, take_over
from bot.usecases.export_ledger import export_ledger
from bot.usecases.ports import DeliveryDelayed, DeliveryRefused
from bot.usecases.run_job import EngineStopped, run_job
from bot.usecases.submit_imagine import BatchQuestion, confirm_batch, submit_imagine
from engine.protocol import FailureCode
from tests.conftest import is_thorough, quick_place
from tests.domain.factories import ANN, BOB, CATALOGUE
from tests.usecases.conftest import World, make_world, place_of
from tests.usecases.paying import assert_sound, info, sell
from tests.usecases.wallet import Wallet

MEMBERS = (ANN, BOB)
members = st.sampled_from(MEMBERS)
numbers = st.integers(0, 3)
GRID = 1_000
PRICES = PriceList(grid=GRID)
"""So dear that few jobs use up an hour."""
PATIENCE = 3_600
"""Seconds, for a long walk."""
T = TypeVar("T")
REFUSALS = (CreditsExhausted, NotInPlan, QueueFull, SubscriptionPaused, SubscriptionRequired)


class Due(NamedTuple):
    name: str
    kind: str
    amount: int
    ends_at: datetime | None
    taken: int = 0  # of it, because a part of its price went back


class Wish(NamedTuple):
    words: str
    speed: Speed
    worth: int


WISHES = [
    Wish("a fox", Speed.FAST, GRID),
    Wish("a fox --draft", Speed.FAST, GRID // 2),
    Wish("a fox --turbo", Speed.TURBO, 2 * GRID),
    Wish("a fox --relax", Speed.RELAX, GRID),
]
OVER = ("succeeded", "failed", "cancelled")
SHOWN = ("delivered", "by_dm", "undeliverable")
BREAKS = [FailureCode.OUT_OF_MEMORY, FailureCode.ENGINE_STOPPED, FailureCode.ENGINE_DIED]


def length(examples: int, steps: int) -> settings:
    """Of a walk in the suite; `--hypothesis-profile long` walks many times as often, and twice as far."""
    more, further = (25, 2) if is_thorough() else (1, 1)
    unhurried = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(max_examples=examples * more, stateful_step_count=steps * further, suppress_health_check=unhurried)


class Walk(RuleBasedStateMachine):
    """Jobs of two members under any plan. A subclass says what plans and what time they have.

    `at_work` are attempts as their process holds them, `ghosts` those of processes that were given up, which may still
    come back. `states` is what was last seen of each job.
    """

    catalogue: Catalogue = replace(CATALOGUE, prices=PRICES)

    def __init__(self, empty: Path) -> None:
        super().__init__()
        self.wallets = {member: Wallet() for member in MEMBERS}
        self.owners: dict[JobId, UserId] = {}
        self.speeds: dict[JobId, Speed] = {}
        self.at_work: list[Job] = []
        self.ghosts: list[Job] = []
        self.states: dict[JobId, tuple[str, str]] = {}
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(dir=quick_place())))
        path = Path(shutil.copy(empty, folder / "easel.db"))
        self.world = self.do(self._open(path, folder))
        self.raw = self._stack.enter_context(contextlib.closing(sqlite3.connect(path)))

    async def _open(self, path: Path, folder: Path) -> World:
        database = await self._stack.enter_async_context(open_database(f"sqlite:///{path}"))
        world = make_world(database, folder)
        sell(world, self.catalogue)
        await self.open(world, self._stack)
        return world

    async def open(self, world: World, stack: AsyncExitStack) -> None:
        """What a subclass needs besides."""

    def teardown(self) -> None:
        try:
            for member in MEMBERS:
                self.look(member)
            self.do(assert_sound(self.world))
        finally:
            self.do(self._stack.aclose())
            self._runner.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def plan_of(self, member: UserId) -> Plan | None:
        """Under which the member may draw now."""
        raise NotImplementedError

    def due(self, member: UserId) -> "Due | None":
        """What comes with the next use."""
        return None

    def replenish(self, member: UserId) -> None:
        """The wallet gets what is due now, and loses what ran out."""
        due, wallet = self.due(member), self.wallets[member]
        if due and due.name not in wallet.purses:
            wallet.give(due.name, due.kind, due.amount, due.ends_at)
            wallet.take_part(due.name, due.taken)
        wallet.expire(self.world.clock.now)

    # --- wishes ---

    @rule(member=members, wish=st.sampled_from(WISHES))
    def ask(self, member: UserId, wish: Wish) -> None:
        self.tick()
        if not self.can_pay(member, [wish]):
            with pytest.raises(REFUSALS):
                self.do(self.world.imagine(wish.words, member))
            return
        self.admitted(self.do(self.world.imagine(wish.words, member)), wish)

    def can_pay(self, member: UserId, wishes: list[Wish]) -> bool:
        """Brings the wallet up to date only if they are admitted: a wish that is refused leaves no trace."""
        plan, now = self.plan_of(member), self.world.clock.now
        if plan is None or not wishes or len(wishes) > self.room_of(member):
            return False
        speed, price = wishes[0].speed, sum(wish.worth for wish in wishes)
        if speed is Speed.RELAX and not plan.has_relax:
            return False
        due, wallet = self.due(member), self.wallets[member]
        left = wallet.left(now) + (due.amount - due.taken if due and due.name not in wallet.purses else 0)
        if speed is not Speed.RELAX and left < price:
            return False
        self.replenish(member)
        return True

    def tick(self) -> None:
        """No two jobs are of the same moment: ids, which are drawn by lot, would decide which of them goes first."""
        self.world.clock.advance(0.001)

    def room_of(self, member: UserId) -> int:
        limits = plan.limits if (plan := self.plan_of(member)) else Limits(0, 0)
        busy = sum(self.owners[job] == member for job, (status, _) in self.states.items() if status not in OVER)
        return max(0, limits.max_running + limits.max_waiting - busy)

    def admitted(self, job: Job, wish: Wish) -> None:
        wallet = self.wallets[job.user_id]
        self.owners[job.id], self.speeds[job.id] = job.user_id, wish.speed
        if wish.speed is Speed.RELAX:
            wallet.hold_nothing(job.id, wish.worth)
        else:
            wallet.hold(job.id, wish.worth, self.world.clock.now)
            self.check_source(job)

    def check_source(self, job: Job) -> None:
        """It was paid for out of the same lots."""
        query = (
            "SELECT label, -amount FROM ledger_postings JOIN ledger_entries ON id = entry_id "
            "WHERE job_id = ? AND kind = 'reserve' AND amount < 0"
        )
        shares = dict(self.wallets[job.user_id].held[job.id])
        found = dict(self.raw.execute(query, (job.id,)))
        assert found == shares, f"{found} instead of {shares}"

    # --- drawing ---

    def claim(self) -> None:
        if choice := self.do(claim_next(tuple(self.at_work), 0, studio=self.world.studio)):
            self.at_work.append(choice.job)

    @rule(number=numbers)
    def draw(self, number: int) -> None:
        if not self.at_work:
            self.claim()
        if job := pop(self.at_work, number):
            self.run(job)

    def run(self, job: Job) -> None:
        with contextlib.suppress(EngineStopped):
            self.do(run_job(job, studio=self.world.studio))

    # --- ends ---

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        if job_id := self.pick(number, lambda state: state[0] not in OVER):
            self.do(self.cancelled(job_id))

    async def cancelled(self, job_id: JobId) -> None:
        with contextlib.suppress(JobNotCancellable):
            await cancel_job(job_id, self.owners[job_id], studio=self.world.studio)

    @rule(number=numbers, is_open=st.booleans())
    def deliver_where_nothing_can_be_posted(self, number: int, is_open: bool) -> None:
        """By direct message, where the member's are open."""
        notifier, refusal = self.world.notifier, DeliveryRefused("closed")
        if job_id := self.pick(number, lambda state: state[1] == "pending"):
            notifier.refuse("post_result", refusal)
            notifier.refuse("show_end", refusal, refusal)
            notifier.refuse("send_direct", *([] if is_open else [refusal, refusal]))
            self.do(deliver_job(job_id, studio=self.world.studio))
            notifier._errors.clear()

    def pick(self, number: int, is_fit: Callable[[tuple[str, str]], bool]) -> JobId | None:
        fit = [job_id for job_id, state in self.states.items() if is_fit(state)]
        return fit[number % len(fit)] if fit else None

    # --- time ---

    @rule(hours=st.sampled_from([0, 1, 9 * 24, 20 * 24, 32 * 24]))
    def wait(self, hours: int) -> None:
        self.world.clock.now += timedelta(hours=hours, seconds=1)

    # --- what must hold ---

    @rule(member=members)
    def look(self, member: UserId) -> None:
        """`/info` and the export say what the wallet says."""
        self.follow_jobs()
        self.replenish(member)
        wallet, account = self.wallets[member], self.do(info(self.world, member))
        expected = [
            (name, wallet.purses[name].left, wallet.purses[name].granted)
            for name in wallet.in_order(self.world.clock.now)
        ]
        found = [(lot.account.label, lot.balance, lot.granted) for lot in account.lots]
        assert found == expected, f"{found} instead of {expected}"
        assert (account.standing.plan and account.standing.plan.name) == name_of(self.plan_of(member))
        self.check_usage(account, member)
        table = self.do(export_ledger(member, db=self.world.studio.db))
        assert sums_of(table) == self.sums(member)

    def check_usage(self, account: AccountInfo, member: UserId) -> None:
        mine = {job: state[0] for job, state in self.states.items() if self.owners[job] == member}
        drawn = Counter(self.speeds[job] for job, status in mine.items() if status == "succeeded")
        used = self.wallets[member].used()
        assert {speed: (usage.images, usage.amount) for speed, usage in account.usage.items()} == {
            speed: (drawn[speed], used[speed]) for speed in Speed
        }
        counts = Counter(mine.values())
        assert (len(account.running), len(account.waiting)) == (counts["running"], counts["queued"])

    @invariant()
    def agrees(self) -> None:
        """The ledger, as it stands in the tables, holds what the wallets hold, and nothing that cannot be."""
        self.follow_jobs()
        for (total,) in self.raw.execute("SELECT sum(amount) FROM ledger_postings GROUP BY entry_id"):
            assert total == 0
        for member in MEMBERS:
            self.check_balances(member)
        self.check_charges()

    def check_balances(self, member: UserId) -> None:
        wallet, sums = self.wallets[member], self.sums(member)
        by_kind: dict[str, dict[str, int]] = defaultdict(dict)
        for (account, label), amount in sums.items():
            if amount:
                by_kind["lot" if account in ("month", "bonus", "extra") else account][label] = amount
        assert by_kind["lot"] == {name: purse.left for name, purse in wallet.purses.items() if purse.left}
        assert by_kind["owed"] == {name: -purse.owed for name, purse in wallet.purses.items() if purse.owed}
        assert by_kind["held"] == wallet.holding()
        assert by_kind["used"] == +wallet.used()
        assert all(amount > 0 for amount in by_kind["expired"].values())

    def check_charges(self) -> None:
        kinds: dict[str, Counter[str]] = defaultdict(Counter)
        for job_id, kind in self.raw.execute("SELECT job_id, kind FROM ledger_entries WHERE job_id IS NOT NULL"):
            kinds[job_id][kind] += 1
        assert kinds.keys() == self.states.keys()
        for job_id, (status, delivery) in self.states.items():
            end = {"succeeded": ["capture"], "queued": [], "running": []}.get(status, ["release"])
            back = ["refund"] if (status, delivery) == ("succeeded", "undeliverable") else []
            assert kinds[job_id] == Counter(["reserve", *end, *back])

    def follow_jobs(self) -> None:
        """What each job came to since the last look; ends are for good."""
        rows = self.raw.execute("SELECT id, status, delivery FROM jobs ORDER BY created_at, id").fetchall()
        assert {job_id for job_id, *_ in rows} == self.owners.keys()
        for job_id, status, delivery in rows:
            former, was_shown = self.states.get(job_id, ("queued", "not_due"))
            assert former == status or former not in OVER
            assert was_shown == delivery or was_shown not in SHOWN
            wallet = self.wallets[self.owners[job_id]]
            if former not in OVER and status in OVER:
                wallet.use(job_id, self.speeds[job_id]) if status == "succeeded" else wallet.release(job_id)
            if status == "succeeded" and delivery == "undeliverable" != was_shown:
                wallet.refund(job_id)
            self.states[job_id] = status, delivery

    def sums(self, member: UserId) -> dict[tuple[str, str], int]:
        query = "SELECT account, label, sum(amount) FROM ledger_postings WHERE user_id = ? GROUP BY account, label"
        return {(account, label): amount for account, label, amount in self.raw.execute(query, (member,))}

    def twice(self, tell: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Told again, it changes nothing."""
        self.do(tell())
        before = self.count_entries()
        self.do(tell())
        assert self.count_entries() == before

    def count_entries(self) -> int:
        [(count,)] = self.raw.execute("SELECT count(*) FROM ledger_entries")
        return int(count)


class WalkOfJobs(Walk):
    """With all that can become of a job."""

    @rule(member=members, wish=st.sampled_from([wish for wish in WISHES if wish.speed is not Speed.RELAX]))
    def ask_for_two(self, member: UserId, wish: Wish) -> None:
        """Of which the member is asked first; as many as there is room for are paid all or none."""
        self.tick()
        place, studio = place_of(member), self.world.studio
        words = wish.words.replace("fox", "{fox, crow}")
        if self.plan_of(member) is None:
            return
        question = self.do(submit_imagine(words, place, studio=studio))
        assert isinstance(question, BatchQuestion)
        assert question.price == 2 * wish.worth
        wishes = [wish] * min(2, self.room_of(member))
        if not self.can_pay(member, wishes):
            with pytest.raises(REFUSALS):
                self.do(confirm_batch(question.batch.id, place, studio=studio))
            return
        for job, admitted in zip(self.confirm(question, place), wishes, strict=True):
            self.admitted(job, admitted)

    def confirm(self, question: BatchQuestion, place: Place) -> tuple[Job, ...]:
        return self.do(confirm_batch(question.batch.id, place, studio=self.world.studio)).jobs

    @rule(member=members)
    def ask_for_nothing(self, member: UserId) -> None:
        if self.plan_of(member):
            with pytest.raises(EmptyPrompt):
                self.do(self.world.imagine("", member))

    @rule()
    def claim_more(self) -> None:
        self.claim()

    @rule(number=numbers)
    def a_ghost_draws(self, number: int) -> None:
        """A process that was silent for too long wakes up and goes on."""
        if job := pop(self.ghosts, number):
            self.run(job)

    @rule(number=numbers, code=st.sampled_from(BREAKS))
    def draw_in_vain(self, number: int, code: FailureCode) -> None:
        if job := pop(self.at_work, number):
            self.world.engine.fail_next(code)
            self.run(job)
            self.world.engine._failures.clear()

    @rule(number=numbers)
    def cancel_midway(self, number: int) -> None:
        if job := pop(self.at_work, number):
            self.do(self._meanwhile(job, lambda: self.cancelled(job.id)))

    @rule(number=numbers)
    def crash_midway(self, number: int) -> None:
        """The process dies between two steps, and another one starts."""
        if job := pop(self.at_work, number):
            self.do(self._die(job))
            self.restart()

    async def _meanwhile(self, job: Job, something: Callable[[], Awaitable[None]]) -> None:
        gate = self.world.engine.hold(1)
        drawing = asyncio.create_task(run_job(job, studio=self.world.studio))
        await first_of(drawing, gate.reached())
        await something()
        gate.open()
        await drawing
        self.world.engine._gates.clear()

    async def _die(self, job: Job) -> None:
        gate = self.world.engine.hold(1)
        drawing = asyncio.create_task(run_job(job, studio=self.world.studio))
        await first_of(drawing, gate.reached())
        drawing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await drawing
        self.world.engine._gates.clear()

    @rule()
    def restart(self) -> None:
        self.ghosts += self.at_work
        self.at_work.clear()
        self.do(resume_jobs(studio=self.world.studio))

    @rule()
    def leases_end(self) -> None:
        """Others take over what a silent process was at; it does not know yet."""
        self.world.clock.now += LEASE + timedelta(seconds=1)
        self.ghosts += self.at_work
        self.at_work.clear()
        self.do(take_over(studio=self.world.studio))

    @rule(number=numbers)
    def cancel_too_late(self, number: int) -> None:
        if job_id := self.pick(number, lambda state: state[0] in OVER):
            with pytest.raises(JobNotCancellable):
                self.do(cancel_job(job_id, self.owners[job_id], studio=self.world.studio))

    @rule(number=numbers)
    def discard(self, number: int) -> None:
        if job_id := self.pick(number, lambda state: True):
            self.do(discard_job(job_id, self.owners[job_id], studio=self.world.studio))

    @rule(number=numbers)
    def deliver(self, number: int) -> None:
        """Also what was delivered before."""
        if job_id := self.pick(number, lambda state: state[0] in OVER):
            self.do(deliver_job(job_id, studio=self.world.studio))

    @rule(number=numbers)
    def deliver_and_lose_the_answer(self, number: int) -> None:
        if job_id := self.pick(number, lambda state: state == ("succeeded", "pending")):
            self.world.notifier.lose("post_result")
            with contextlib.suppress(DeliveryDelayed):
                self.do(deliver_job(job_id, studio=self.world.studio))
            self.world.notifier._losses.clear()


def month_at(anchor: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The one that holds `now`, counted from the anchor; days that a month does not have are its last."""

    def later(count: int) -> datetime:
        year, month = divmod(anchor.year * 12 + anchor.month - 1 + count, 12)
        return anchor.replace(year=year, month=month + 1, day=min(anchor.day, calendar.monthrange(year, month + 1)[1]))

    count = next(count for count in range(10_000) if later(count + 1) > now)
    return later(count), later(count + 1)


def month_name(member: UserId, plan: str, start: datetime) -> str:
    return f"grant:{member}:{plan}:{start.astimezone(UTC).isoformat()}:gpu_seconds"


def pop(jobs: list[Job], number: int) -> Job | None:
    return jobs.pop(number % len(jobs)) if jobs else None


def name_of(plan: Plan | None) -> str | None:
    return plan.name if plan else None


def sums_of(table: str) -> dict[tuple[str, str], int]:
    sums: Counter[tuple[str, str]] = Counter()
    for row in csv.DictReader(io.StringIO(table)):
        if row["account"]:
            sums[row["account"], row["label"]] += int(row["amount"])
    return dict(sums)


async def first_of(drawing: "asyncio.Task[None]", reached: Coroutine[Any, Any, None]) -> None:
    """A drawing that ends without passing the gate is not waited for."""
    passing = asyncio.create_task(reached)
    await asyncio.wait([drawing, passing], return_when=asyncio.FIRST_COMPLETED)
    passing.cancel()
