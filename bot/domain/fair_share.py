"""Which waiting job goes next. Pure, so that a simulation can run it for any number of members.

Start-time fair queueing (Goyal, Vin and Cheng, 1996), one line for each speed. A line has a clock of virtual seconds,
which stands where its last job started. A job that is admitted gets a tag: the clock's time, or the moment at which
its member's former jobs are through, whichever is later; the next job of the same member stands behind it by what it
is expected to take, divided by the weight of the member's plan. The lowest tag goes first. So whoever comes new goes
next, whoever asks for much stands in line with themselves, and members who always have something waiting get the
machine in proportion to their weights. What a job really took is corrected when it ends.

The clock also runs by itself, at a hundredth of real time. So nobody who has used more than others stands behind an
endless row of newcomers for ever: each second of use costs at most a hundred seconds of waiting.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from bot.domain.job import PRIORITY, Job, UserId
from bot.domain.plan import Limits
from bot.domain.prompt import Speed
from bot.domain.ticket import Ticket

CREEP = 0.01
"""Virtual seconds that pass in a real one while nothing starts."""
PATIENCE = {Speed.TURBO: 0.0, Speed.FAST: 60.0, Speed.RELAX: 300.0}
"""Seconds after which a job that waits at this speed is no longer passed over without end by faster ones."""
TURN = 4
"""Of that many starts one goes to a slower line that has lost its patience."""
RELAX_STEP = 3_600.0
"""GPU-seconds of relaxed jobs in a month that halve a member's share of the line; twice as many make it a third."""
LEARNING = 0.1
"""How far one measured job moves what is expected of the next."""
SAME_TURN = 0.5
"""Jobs whose tags are nearer to the first one's than this part of its own length may change places with it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One speed's waiting jobs as a whole. `clock` is in virtual seconds as of `at` (seconds since 1970).

    `pace` is the GPU-seconds measured for each second of the price list, `job_seconds` the usual time from a job's
    start to its end, 0 while none has ended.
    """

    clock: float = 0.0
    at: float = 0.0
    pace: float = 1.0
    job_seconds: float = 0.0

    def time(self, now: float) -> float:
        return self.clock + CREEP * max(0.0, now - self.at) if self.at else self.clock

    def started(self, ticket: Ticket, now: float) -> Self:
        return replace(self, clock=max(self.time(now), ticket.tag), at=max(now, self.at))

    def learned(self, listed: float, measured: float, job_seconds: float) -> Self:
        """From a job that succeeded; the first one is believed at once."""
        if not listed or not measured:
            return self
        part = LEARNING if self.job_seconds else 1.0
        return replace(
            self,
            pace=self.pace + part * (measured / listed - self.pace),
            job_seconds=self.job_seconds + part * (job_seconds - self.job_seconds),
        )


@dataclass(frozen=True, slots=True)
class Share:
    """Where one member stands in one line: when the jobs they have are through, and the GPU-seconds of this month."""

    finish: float = 0.0
    used_seconds: float = 0.0
    month: datetime | None = None

    def in_month(self, month: datetime) -> Self:
        """A new month forgets what was used."""
        return self if self.month == month else replace(self, used_seconds=0.0, month=month)

    def join(self, line: Line, seconds: float, weight: float, now: float) -> tuple[Ticket, Self]:
        """A ticket for a job that is expected to take `seconds` of the machine."""
        ticket = Ticket(max(line.time(now), self.finish), seconds, weight)
        return ticket, replace(self, finish=ticket.finish)

    def settle(self, ticket: Ticket, measured: float) -> Self:
        """The job has ended: what it was expected to take gives way to what it took."""
        return replace(
            self,
            finish=self.finish + (measured - ticket.seconds) / ticket.weight,
            used_seconds=self.used_seconds + measured,
        )


def weight_at(speed: Speed, plan_weight: float, share: Share) -> float:
    """Relaxed jobs cost nothing, so who has drawn much of them this month gets less of the line."""
    return plan_weight / (1 + share.used_seconds / RELAX_STEP) if speed is Speed.RELAX else plan_weight


@dataclass(frozen=True, slots=True)
class Choice:
    """`passed` counts the starts since a slower line had its turn; it belongs into the next choice."""

    job: Job
    passed: int


def choose_next(heads: Mapping[Speed, Sequence[Job]], running: Sequence[Job], passed: int, now: float) -> Choice | None:
    """`heads` are the first jobs of each line, by tag, of members who have room; `running` is what the engine holds.

    A suspect job has the engine to itself: nobody goes next until it can start, nor while it runs.
    """
    if any(job.is_suspect for job in running):
        return None
    waited = {speed: now - jobs[0].created_at.timestamp() for speed, jobs in heads.items() if jobs}
    if not waited:
        return None
    speed, passed = choose_line(waited, passed)
    job = _prefer_warm(heads[speed], running)
    return None if job.is_suspect and running else Choice(job, passed)


def choose_line(waited: Mapping[Speed, float], passed: int) -> tuple[Speed, int]:
    """The fastest line in which somebody waits; but every so often the slower one that lost its patience most.

    `waited` is how long the first job of each has waited, in seconds. Returns the next `passed` as well.
    """
    fastest = min(waited, key=PRIORITY.__getitem__)
    late = [speed for speed, seconds in waited.items() if speed is not fastest and seconds >= PATIENCE[speed]]
    if not late:
        return fastest, 0
    if passed + 1 >= TURN:
        return max(late, key=lambda speed: waited[speed] / PATIENCE[speed]), 0
    return fastest, passed + 1


def _prefer_warm(jobs: Sequence[Job], running: Iterable[Job]) -> Job:
    """Among those whose turn it is alike, one for a model that is at work already."""
    warm = {job.params.model for job in running}
    first = jobs[0]
    reach = first.ticket.tag + SAME_TURN * first.ticket.seconds / first.ticket.weight
    alike = (job for job in jobs if job.ticket.tag <= reach and not job.is_suspect)
    return first if first.is_suspect else next((job for job in alike if job.params.model in warm), first)


def members_without_room(running: Iterable[Job], limits_of: Callable[[Job], Limits]) -> dict[Speed, set[UserId]]:
    """Who has as much under way as their plan allows, for each speed. Fast and turbo jobs are counted together."""
    jobs = list(running)
    slow = Counter(job.user_id for job in jobs if job.speed is Speed.RELAX)
    quick = Counter(job.user_id for job in jobs if job.speed is not Speed.RELAX)
    limits = {job.user_id: limits_of(job) for job in jobs}
    no_quick = {user_id for user_id, count in quick.items() if count >= limits[user_id].max_running}
    no_slow = {user_id for user_id, count in slow.items() if count >= limits[user_id].max_running_relax}
    return {Speed.TURBO: no_quick, Speed.FAST: no_quick, Speed.RELAX: no_slow}


def expected_wait(ahead: int, running: int, job_seconds: float) -> float:
    """Seconds until a job with that many before it starts, when jobs go on taking `job_seconds` each and as many are
    drawn at once as run now."""
    return job_seconds * (ahead + 1) / max(1, running)
