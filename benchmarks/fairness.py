"""`python -m benchmarks.fairness`: who waits how long, by the same pure code that the bot chooses with.

A discrete-event simulation on a clock of its own; only the tickets, the clock of each line and the choice between the
lines are the program's. What jobs take differs from what is expected of them, as in life.

- `jain`: one member with 500 waiting jobs beside twenty who always have two: the index of Jain of the GPU-seconds that
  each got, in the worst window of the time in which all were busy. 1 is equal for all.
- `newcomer_job_lengths`: how long those who come new to this wait for their first step, the longest of them.
- `weights_error`: how far three plans of weight 1, 2 and 3 are off their share.
- `waits`: seconds by load and plan, of a crowd of a million members with Poisson arrivals. `starved` counts the jobs
  that never started.
"""

import argparse
import heapq
import json
import random
import statistics
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.plot import Curve, draw_curves
from bot.domain.fair_share import Line, Share, choose_line, weight_at
from bot.domain.plan import Limits
from bot.domain.prompt import Speed
from bot.domain.ticket import Ticket

RESULTS = Path(__file__).parent / "results"
JOB_SECONDS = 10.0
LOADS = (0.5, 0.9, 1.5)


@dataclass(frozen=True, slots=True)
class Tier:
    """A plan as the crowd has it: `part` of the members own it."""

    name: str
    part: float
    weight: float
    limits: Limits


CROWD = (
    Tier("Basic", 0.6, 1.0, Limits(3, 10)),
    Tier("Standard", 0.3, 1.0, Limits(3, 10)),
    Tier("Pro", 0.1, 2.0, Limits(12, 10)),
)


@dataclass(slots=True)
class Job:
    member: int
    speed: Speed
    seconds: float
    submitted_at: float
    tier: Tier
    ticket: Ticket = field(default_factory=Ticket)
    started_at: float = -1.0


@dataclass(slots=True)
class Place:
    """One member in one line. Only the first of the waiting jobs stands in the line's heap, as of `version`. `shift` is
    how far all that wait have moved back since they came."""

    share: Share = field(default_factory=Share)
    waiting: deque[Job] = field(default_factory=deque)
    running: int = 0
    shift: float = 0.0
    version: int = 0


class Hall:
    """Some machines, and who waits for them."""

    def __init__(self, slots: int) -> None:
        self.free = slots
        self._lines = dict.fromkeys(Speed, Line())
        self._places: dict[tuple[int, Speed], Place] = {}
        self._heaps: dict[Speed, list[tuple[float, float, int, int]]] = {speed: [] for speed in Speed}
        self._passed = 0

    def submit(self, job: Job, now: float) -> bool:
        """False when too many of the member's wait already."""
        place = self._places.setdefault((job.member, job.speed), Place())
        if len(place.waiting) >= job.tier.limits.max_waiting:
            return False
        line = self._lines[job.speed]
        weight = weight_at(job.speed, job.tier.weight, place.share)
        ticket, place.share = place.share.join(line, line.pace * JOB_SECONDS, weight, now)
        job.ticket = replace(ticket, tag=ticket.tag - place.shift)
        place.waiting.append(job)
        place.version += len(place.waiting) == 1
        self._line_up(job.member, job.speed, place)
        return True

    def _line_up(self, member: int, speed: Speed, place: Place) -> None:
        if place.waiting and self._has_room(member, speed, place.waiting[0].tier):
            first = place.waiting[0]
            entry = (first.ticket.tag + place.shift, first.submitted_at, member, place.version)
            heapq.heappush(self._heaps[speed], entry)

    def _has_room(self, member: int, speed: Speed, tier: Tier) -> bool:
        if speed is Speed.RELAX:
            return self._places[member, speed].running < tier.limits.max_running_relax
        quick = (self._places.get((member, each)) for each in (Speed.FAST, Speed.TURBO))
        return sum(place.running for place in quick if place) < tier.limits.max_running

    def start(self, now: float) -> Iterator[Job]:
        while self.free and (job := self._next(now)):
            self.free -= 1
            job.started_at = now
            yield job

    def _next(self, now: float) -> Job | None:
        waited = {speed: now - head[1] for speed in Speed if (head := self._head(speed))}
        if not waited:
            return None
        speed, self._passed = choose_line(waited, self._passed)
        tag, _, member, _ = heapq.heappop(self._heaps[speed])
        place = self._places[member, speed]
        job = place.waiting.popleft()
        place.running += 1
        place.version += 1
        self._lines[speed] = self._lines[speed].started(Ticket(tag), now)
        self._line_up(member, speed, place)
        return job

    def _head(self, speed: Speed) -> tuple[float, float, int, int] | None:
        heap = self._heaps[speed]
        while heap:
            _, _, member, version = heap[0]
            place = self._places[member, speed]
            if version == place.version and place.waiting and self._has_room(member, speed, place.waiting[0].tier):
                return heap[0]
            heapq.heappop(heap)
        return None

    def end(self, job: Job, now: float) -> None:
        """What was expected of it gives way to what it took, also for those behind it."""
        self.free += 1
        place = self._places[job.member, job.speed]
        place.running -= 1
        before = place.share.finish
        place.share = place.share.settle(job.ticket, job.seconds)
        place.shift += place.share.finish - before
        line = self._lines[job.speed]
        self._lines[job.speed] = line.learned(JOB_SECONDS, job.seconds, now - job.started_at)
        for speed in Speed:
            if other := self._places.get((job.member, speed)):
                other.version += 1
                self._line_up(job.member, speed, other)


def simulate(
    hall: Hall, arrivals: Iterator[Job], on_end: Callable[[Job, float], Sequence[Job]], until: float = float("inf")
) -> tuple[list[Job], int]:
    """All jobs that were started, in order, and how many were refused. `on_end` may submit new ones."""
    started: list[Job] = []
    ends: list[tuple[float, int, Job]] = []
    refused = 0
    coming = next(arrivals, None)
    while (coming or ends) and len(started) < 10_000_000:
        if coming and (not ends or coming.submitted_at <= ends[0][0]):
            now = coming.submitted_at
            refused += not hall.submit(coming, now)
            coming = next(arrivals, None)
        else:
            now, _, job = heapq.heappop(ends)
            hall.end(job, now)
            if now < until:
                for new in on_end(job, now):
                    refused += not hall.submit(new, now)
        if now >= until:
            return started, refused
        for job in hall.start(now):
            started.append(job)
            heapq.heappush(ends, (now + job.seconds, len(started), job))
    return started, refused


def _length(dice: random.Random) -> float:
    return JOB_SECONDS * dice.uniform(0.6, 1.4)


def busy_house(weights: Sequence[float], flood: int, newcomers: int, slots: int, seconds: float) -> list[Job]:
    """Member 0 begins with `flood` jobs, the others always have two waiting; newcomers drop in, one job each."""
    dice = random.Random(5)
    tiers = [Tier(str(weight), 0.0, weight, Limits(3, max(10, flood))) for weight in weights]

    def a_job(member: int, now: float) -> Job:
        return Job(member, Speed.FAST, _length(dice), now, tiers[member if member < len(tiers) else -1])

    def come() -> Iterator[Job]:
        yield from (a_job(0, 0.0) for _ in range(flood))
        yield from (a_job(member, 0.0) for member in range(1 if flood else 0, len(weights)) for _ in range(5))
        moments = sorted(dice.uniform(seconds / 4, seconds * 0.9) for _ in range(newcomers))
        yield from (a_job(len(weights) + number, moment) for number, moment in enumerate(moments))

    def again(job: Job, now: float) -> Sequence[Job]:
        is_regular = job.member < len(weights) and (job.member > 0 or not flood)
        return (a_job(job.member, now),) if is_regular else ()

    return simulate(Hall(slots), come(), again, until=seconds)[0]


def gpu_seconds(jobs: Sequence[Job], begin: float, end: float) -> Counter[int]:
    """What of each member's jobs falls into the window."""
    got: Counter[int] = Counter()
    for job in jobs:
        inside = min(end, job.started_at + job.seconds) - max(begin, job.started_at)
        got[job.member] += max(0.0, inside)  # type: ignore[assignment]
    return got


def jain(amounts: Sequence[float]) -> float:
    """(sum x)^2 / (n sum x^2); Jain, Chiu and Hawe, 1984."""
    return sum(amounts) ** 2 / (len(amounts) * sum(amount**2 for amount in amounts))


def measure_flood(options: argparse.Namespace) -> dict[str, float]:
    members = options.members + 1
    window = 25 * JOB_SECONDS * members / options.slots
    seconds = window * options.windows
    jobs = busy_house([1.0] * members, options.flood, 3 * options.windows, options.slots, seconds)
    indices = []
    for number in range(1, options.windows):
        got = gpu_seconds(jobs, number * window, (number + 1) * window)
        indices.append(jain([got[member] for member in range(members)]))
    waits = [job.started_at - job.submitted_at for job in jobs if job.member >= members]
    return {"jain": round(min(indices), 4), "newcomer_job_lengths": round(max(waits) / JOB_SECONDS, 3)}


def measure_weights(options: argparse.Namespace) -> float:
    weights = [1.0, 2.0, 3.0] * 5
    seconds = 60 * JOB_SECONDS * sum(weights) / options.slots
    jobs = busy_house(weights, 0, 0, options.slots, seconds)
    got = gpu_seconds(jobs, seconds / 10, seconds)
    total = sum(got.values())
    shares = [got[member] / total * sum(weights) / weight for member, weight in enumerate(weights)]
    by_weight = [statistics.mean(shares[first::3]) for first in range(3)]
    return max(abs(share - 1) for share in by_weight)


def measure_crowd(load: float, options: argparse.Namespace) -> tuple[dict[str, Any], list[Curve]]:
    dice = random.Random(11)
    slots = options.crowd_slots

    def come() -> Iterator[Job]:
        now = 0.0
        for _ in range(options.jobs):
            now += dice.expovariate(load * slots / JOB_SECONDS)
            member = int(options.crowd * dice.random() ** 3)  # a few press much oftener than most
            speed = dice.choices((Speed.FAST, Speed.RELAX, Speed.TURBO), (60, 30, 10))[0]
            yield Job(member, speed, _length(dice), now, tier_of(member))

    started, refused = simulate(Hall(slots), come(), lambda _job, _now: ())
    waits: dict[str, list[float]] = {}
    for job in started:
        waits.setdefault(f"{job.tier.name} {job.speed}", []).append(job.started_at - job.submitted_at)
    figures: dict[str, Any] = {
        name: {"p50": round(statistics.median(each), 1), "p99": round(sorted(each)[int(len(each) * 0.99)], 1)}
        for name, each in sorted(waits.items())
    }
    figures["longest"] = round(max(max(each) for each in waits.values()), 1)
    figures["refused"], figures["starved"] = refused, options.jobs - refused - len(started)
    return figures, [Curve(name, sorted(each)) for name, each in sorted(waits.items())]


def tier_of(member: int) -> Tier:
    """The same for a member in every run, whatever they do."""
    place = random.Random(member).random()
    for tier in CROWD:
        place -= tier.part
        if place < 0:
            return tier
    return CROWD[-1]


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--flood", type=int, default=500, help="jobs of the one who asks for most")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--windows", type=int, default=10)
    parser.add_argument("--crowd", type=int, default=1_000_000, help="members of the simulated crowd")
    parser.add_argument("--crowd-slots", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=200_000, help="that the crowd asks for, at each load")
    parser.add_argument("--plot", type=Path, default=RESULTS / "fairness.png")
    options = parser.parse_args(arguments)
    crowd = {load: measure_crowd(load, options) for load in LOADS}
    draw_curves(
        f"Waits of {options.crowd:,} members: part of the jobs that started within so many seconds",
        {f"load {load:g}": curves for load, (_, curves) in crowd.items()},
        options.plot,
    )
    figures: dict[str, Any] = {
        **measure_flood(options),
        "weights_error": round(measure_weights(options), 4),
        "starved": sum(figures["starved"] for figures, _ in crowd.values()),
        "waits": {f"load {load:g}": figures for load, (figures, _) in crowd.items()},
    }
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
