"""Who goes next: the member who waited longest for a turn, never the one who pressed most."""

from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.fair_share import choose_next
from bot.domain.job import MAX_INTERRUPTIONS, Job, UserId
from tests.domain.factories import ANN, BOB, CID, NOW, a_job, after

FLOODER = UserId(1)


def test_nothing_waits() -> None:
    assert choose_next([], [], {}, 3) is None


def test_a_members_own_jobs_go_oldest_first() -> None:
    old, new = a_job(created_at=NOW), a_job(created_at=after(1))
    assert choose_next([old, new], [], {}, 3) is old


def test_a_member_with_nothing_running_goes_before_one_with_an_older_job() -> None:
    older, newer = a_job(user_id=ANN), a_job(user_id=BOB, created_at=after(60))
    running = a_job(user_id=ANN).start(NOW)
    assert choose_next([older, newer], [running], {BOB: 99.0}, 3) is newer


def test_a_newcomer_goes_before_whoever_was_served() -> None:
    jobs = [a_job(user_id=user, created_at=after(number)) for number, user in enumerate((ANN, BOB, CID))]
    assert choose_next(jobs, [], {ANN: 2.0, BOB: 1.0}, 3) is jobs[2]
    assert choose_next(jobs, [], {ANN: 2.0, BOB: 1.0, CID: 3.0}, 3) is jobs[1]


def test_nobody_has_more_under_way_than_allowed() -> None:
    running = [a_job(user_id=ANN).start(NOW) for _ in range(2)]
    waiting = [a_job(user_id=ANN), a_job(user_id=BOB, created_at=after(5))]
    assert choose_next(waiting, running, {}, 2) is waiting[1]
    assert choose_next(waiting[:1], running, {}, 2) is None
    assert choose_next(waiting[:1], running, {}, 3) is waiting[0]


def test_a_suspect_job_has_the_engine_to_itself() -> None:
    suspect = a_job(user_id=ANN, interruptions=MAX_INTERRUPTIONS - 1)
    other = a_job(user_id=BOB, created_at=after(1))
    assert choose_next([suspect, other], [], {}, 3) is suspect
    assert choose_next([suspect, other], [a_job(user_id=CID).start(NOW)], {}, 3) is None, "it waits until it is alone"
    assert choose_next([other], [suspect.start(NOW)], {}, 3) is None, "others wait until it has ended"
    assert choose_next([suspect, other], [], {ANN: 1.0}, 3) is other, "but it waits for its turn"


@pytest.mark.parametrize("max_running", [1, 2, 3])
@pytest.mark.parametrize("slots", [1, 2, 4, 6])
def test_a_flooder_cannot_keep_others_waiting(slots: int, max_running: int) -> None:
    """Five members with 3 jobs each beside one with 50, who came first: turns go round."""
    flood = [a_job(user_id=FLOODER, created_at=after(number)) for number in range(50)]
    others = [a_job(user_id=UserId(10 + n % 5), created_at=after(100 + n)) for n in range(15)]
    waiting, running, started = flood + others, deque[Job](), Counter[UserId]()
    served: dict[UserId, float] = {}
    while any(job.user_id != FLOODER for job in waiting):
        while len(running) < slots and (job := choose_next(waiting, running, served, max_running)):
            waiting.remove(job)
            served[job.user_id] = started.total()
            started[job.user_id] += 1
            running.append(job.start(NOW))
        assert max(Counter(job.user_id for job in running).values()) <= max_running
        running.popleft()
    assert started[FLOODER] <= 3 + max_running


members = st.sampled_from([ANN, BOB, CID])


@given(st.lists(members), st.lists(members), st.dictionaries(members, st.integers(0, 9)), st.integers(1, 3))
def test_nobody_who_may_go_has_fewer_running_than_the_chosen(
    waiting: list[UserId], running: list[UserId], served: dict[UserId, float], max_running: int
) -> None:
    jobs = [a_job(user_id=user_id, created_at=after(number)) for number, user_id in enumerate(waiting)]
    busy = Counter(running)
    may_go = {user_id for user_id in waiting if busy[user_id] < max_running}
    chosen = choose_next(jobs, [a_job(user_id=user_id) for user_id in running], served, max_running)
    if chosen is None:
        assert not may_go
    else:
        assert chosen.user_id in may_go
        assert busy[chosen.user_id] == min(busy[user_id] for user_id in may_go)
        assert chosen is next(job for job in jobs if job.user_id == chosen.user_id)
