"""Who goes next: whoever stands first in a line where much work means a place further back."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.fair_share import (
    CREEP,
    PATIENCE,
    RELAX_STEP,
    TURN,
    Choice,
    Line,
    Share,
    choose_line,
    choose_next,
    expected_wait,
    members_without_room,
    weight_at,
)
from bot.domain.job import MAX_INTERRUPTIONS, Job, UserId
from bot.domain.plan import Limits
from bot.domain.prompt import GenerationParams, Speed
from bot.domain.ticket import Ticket
from tests.domain.factories import ANN, BOB, CID, NOW, a_job, after

EPOCH = NOW.timestamp()


def choose(jobs: Sequence[Job], running: Sequence[Job] = (), passed: int = 0, seconds: float = 0.0) -> Choice | None:
    """As the database would line them up."""
    heads: Mapping[Speed, list[Job]] = {speed: [job for job in jobs if job.speed is speed] for speed in Speed}
    return choose_next(heads, running, passed, EPOCH + seconds)


def chosen(*jobs: Job, running: Sequence[Job] = ()) -> Job | None:
    choice = choose(jobs, running)
    return choice.job if choice else None


def test_nothing_waits() -> None:
    assert choose([]) is None


def test_a_members_jobs_stand_behind_each_other_by_what_they_take() -> None:
    line, share = Line(clock=100.0, at=EPOCH), Share()
    first, share = share.join(line, 60, 1.0, EPOCH)
    second, share = share.join(line, 30, 1.0, EPOCH)
    third, _ = share.join(line, 60, 1.0, EPOCH)
    assert (first.tag, second.tag, third.tag) == (100.0, 160.0, 190.0)


def test_a_higher_weight_stands_closer() -> None:
    line, share = Line(), Share()
    _, share = share.join(line, 60, 2.0, EPOCH)
    second, _ = share.join(line, 60, 2.0, EPOCH)
    assert second.tag == 30.0


def test_a_newcomer_stands_where_the_line_is() -> None:
    line = Line().started(Ticket(500.0, 60.0), EPOCH)
    newcomer, _ = Share().join(line, 60, 1.0, EPOCH)
    flooder, _ = Share(finish=9_000.0).join(line, 60, 1.0, EPOCH)
    assert newcomer.tag == 500.0 < flooder.tag == 9_000.0


def test_the_clock_never_goes_back_and_creeps_while_nothing_starts() -> None:
    line = Line().started(Ticket(500.0), EPOCH).started(Ticket(20.0), EPOCH + 10)
    assert line.time(EPOCH + 10) == 500.0 + 10 * CREEP
    assert line.time(EPOCH + 1_010) == 500.0 + 1_010 * CREEP


def test_what_a_job_really_took_counts() -> None:
    ticket, share = Share().join(Line(), 60, 2.0, EPOCH)
    assert share.finish == 30.0
    settled = share.settle(ticket, 100.0)
    assert (settled.finish, settled.used_seconds) == (50.0, 100.0)
    assert share.settle(ticket, 0.0).finish == 0.0, "what was cancelled before it began costs no place"


def test_relaxed_use_halves_the_share_until_the_month_is_over() -> None:
    heavy = Share(finish=10.0, used_seconds=RELAX_STEP, month=NOW)
    assert weight_at(Speed.RELAX, 2.0, heavy) == 1.0
    assert weight_at(Speed.FAST, 2.0, heavy) == 2.0
    assert heavy.in_month(NOW) is heavy
    assert weight_at(Speed.RELAX, 2.0, heavy.in_month(after(1))) == 2.0
    assert heavy.in_month(after(1)).finish == 10.0, "what waits still stands before what comes next"


def test_a_line_believes_its_first_job_and_moves_slowly_later() -> None:
    line = Line().learned(60, 6, 8)
    assert line.pace == pytest.approx(0.1)
    assert line.job_seconds == 8
    assert line.learned(60, 12, 18).job_seconds == pytest.approx(9)
    assert line.learned(0, 0, 5) is line


def test_the_fastest_line_goes_first() -> None:
    jobs = [a_job(speed=speed) for speed in (Speed.RELAX, Speed.TURBO, Speed.FAST)]
    assert chosen(*jobs) is jobs[1]
    assert chosen(jobs[0], jobs[2]) is jobs[2]


def test_a_line_that_lost_its_patience_gets_every_fourth_start() -> None:
    waited, passed, starts = {Speed.TURBO: 1.0, Speed.RELAX: PATIENCE[Speed.RELAX]}, 0, []
    for _ in range(2 * TURN):
        speed, passed = choose_line(waited, passed)
        starts.append(speed)
    assert starts == ([Speed.TURBO] * (TURN - 1) + [Speed.RELAX]) * 2


def test_a_line_that_has_patience_waits() -> None:
    waited = {Speed.FAST: 1.0, Speed.RELAX: PATIENCE[Speed.RELAX] - 1}
    assert choose_line(waited, TURN * 2) == (Speed.FAST, 0)


def test_the_model_at_work_is_preferred_only_among_equals() -> None:
    def job(model: str, tag: float) -> Job:
        return a_job(params=GenerationParams("x", 1, model=model), ticket=Ticket(tag, 60.0))

    first, near, far = job("cold", 0.0), job("warm", 30.0), job("warm", 31.0)
    running = [job("warm", 0.0).start(NOW)]
    assert chosen(first, near, running=running) is near
    assert chosen(first, far, running=running) is first
    assert chosen(first, near) is first


def test_nobody_has_more_under_way_than_allowed() -> None:
    running = [a_job(speed=Speed.FAST), a_job(speed=Speed.TURBO), a_job(user_id=BOB, speed=Speed.RELAX)]
    full = members_without_room(running, lambda _: Limits(max_running=2, max_waiting=9, max_running_relax=1))
    assert full == {Speed.FAST: {ANN}, Speed.TURBO: {ANN}, Speed.RELAX: {BOB}}


def test_a_suspect_job_has_the_engine_to_itself() -> None:
    suspect = a_job(interruptions=MAX_INTERRUPTIONS - 1)
    other = a_job(user_id=BOB, ticket=Ticket(1.0))
    assert chosen(suspect, other) is suspect
    assert chosen(suspect, other, running=[a_job(user_id=CID).start(NOW)]) is None, "it waits until it is alone"
    assert chosen(other, running=[suspect.start(NOW)]) is None, "others wait until it has ended"
    assert chosen(other, suspect) is other, "but it waits for its turn"


def test_the_waiting_time_follows_from_who_is_before() -> None:
    assert expected_wait(0, 4, 10.0) == 2.5
    assert expected_wait(7, 4, 10.0) == 20.0
    assert expected_wait(0, 0, 10.0) == 10.0


weights = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0]), min_size=2, max_size=6)


@given(weights, st.integers(5, 60), st.integers(5, 60))
def test_members_who_always_wait_share_by_weight(weights: list[float], short: int, long: int) -> None:
    """However long the jobs of each are: what they got differs by no more than two jobs, weighed (the known bound)."""
    line, waiting = Line(), list[Job]()
    shares: dict[UserId, Share] = {}
    lengths = {UserId(number): float(long if number % 2 else short) for number in range(len(weights))}
    used: Counter[UserId] = Counter()

    def submit(user_id: UserId) -> None:
        ticket, shares[user_id] = shares.get(user_id, Share()).join(line, lengths[user_id], weights[user_id], 0.0)
        waiting.append(a_job(user_id=user_id, ticket=ticket))

    for user_id in lengths:
        submit(user_id)
    for _ in range(200):
        waiting.sort(key=lambda job: job.ticket.tag)
        job = waiting.pop(0)
        line = line.started(job.ticket, 0.0)
        used[job.user_id] += int(job.ticket.seconds)
        submit(job.user_id)
    got = [used[user_id] / weights[user_id] for user_id in lengths]
    longest = max(lengths[user_id] / weights[user_id] for user_id in lengths)
    assert max(got) - min(got) <= 2 * longest


@given(st.integers(1, 400))
def test_a_flood_delays_a_newcomer_by_nothing(flood: int) -> None:
    line, share = Line(), Share()
    tickets = []
    for _ in range(flood):
        ticket, share = share.join(line, 60, 1.0, EPOCH)
        tickets.append(ticket)
    line = line.started(tickets[0], EPOCH)
    newcomer, _ = Share().join(line, 60, 1.0, EPOCH)
    jobs = [a_job(ticket=ticket, created_at=NOW) for ticket in tickets[1:]]
    late = a_job(user_id=BOB, ticket=newcomer, created_at=after(1))
    first = min([*jobs, late], key=lambda job: (job.ticket.tag, job.created_at))
    assert first is late
