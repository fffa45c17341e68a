"""Who shares the next step. Canned results, no torch: a row's step is done by counting."""

import itertools
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from engine.generation import Batch, Generation
from engine.policy import CostCurve
from engine.protocol import GenerateRequest, Pixels
from engine.scheduler import RESCUE_EVERY, STARVING_TURNS, Scheduler
from engine.settings import Settings

DOT = Pixels(1, 1, b"\0\0\0")


def a_generation(
    name: str,
    *,
    rows: int = 1,
    steps: int = 2,
    priority: int = 0,
    fairness_key: str = "",
    model: str = "m",
    width: int = 64,
) -> Generation:
    request = GenerateRequest(
        name, "a fox", seeds=tuple(range(rows)), priority=priority, fairness_key=fairness_key, steps=steps
    )
    settings = Settings("a fox", "", width, 64, steps, 1.0, "euler")
    return Generation(request, settings, model)


def admit(scheduler: Scheduler) -> list[str]:
    admitted = scheduler.admit()
    for generation in admitted:
        for row in generation.rows:
            row.total_steps = row.settings.steps
    return [generation.id for generation in admitted]


def step(scheduler: Scheduler) -> Batch | None:
    """One turn without decoding."""
    admit(scheduler)
    batch = scheduler.schedule()
    for row in batch.rows if batch else ():
        row.step_index += 1
    return batch


def decode(scheduler: Scheduler) -> Generation | None:
    """One picture; the generation if that was its last."""
    row = scheduler.next_decode()
    if row is None:
        return None
    row.image = DOT
    if not row.generation.is_drawn:
        return None
    scheduler.remove(row.generation)
    return row.generation


def drain(scheduler: Scheduler) -> list[str]:
    finished = []
    while scheduler.has_work:
        step(scheduler)
        if done := decode(scheduler):
            finished.append(done.id)
    return finished


def ids_of(batch: Batch | None) -> list[str]:
    return [row.generation.id for row in batch.rows] if batch else []


def test_a_batch_holds_no_more_rows_than_the_knee_and_the_memory_take() -> None:
    curve = CostCurve(((1, 1.0), (8, 1.0), (16, 2.0)))
    scheduler = Scheduler(16, lambda _: curve, lambda key: {64: 12, 128: 3, 256: 0}[key.width])
    for width, fitting in ((64, 8), (128, 3), (256, 1)):
        generation = a_generation(str(width), rows=16, width=width, steps=1)
        scheduler.add(generation)
        batch = step(scheduler)
        assert batch is not None
        assert len(batch.rows) == fitting
        scheduler.limit_rows(generation.key, 2)
        batch = step(scheduler)
        assert batch is not None
        assert len(batch.rows) == min(2, fitting)
        scheduler.remove(generation)


def test_rows_of_different_requests_share_a_step_at_different_progress() -> None:
    scheduler = Scheduler(max_rows=4)
    scheduler.add(a_generation("early", rows=2, steps=5))
    step(scheduler)
    step(scheduler)
    scheduler.add(a_generation("late", rows=2, steps=5))
    batch = step(scheduler)
    assert ids_of(batch) == ["early", "early", "late", "late"]
    assert batch is not None
    assert [row.step_index for row in batch.rows] == [3, 3, 1, 1]


def test_a_request_joins_as_soon_as_another_leaves() -> None:
    scheduler = Scheduler(max_rows=2)
    for name, steps in (("short", 1), ("long", 4), ("next", 4)):
        scheduler.add(a_generation(name, steps=steps))
    assert ids_of(step(scheduler)) == ["short", "long"]
    assert decode(scheduler) is not None
    assert ids_of(step(scheduler)) == ["long", "next"]


def test_pictures_that_wait_to_be_decoded_keep_their_place() -> None:
    scheduler = Scheduler(max_rows=2)
    scheduler.add(a_generation("drawn", rows=2, steps=1))
    scheduler.add(a_generation("waiting"))
    step(scheduler)
    assert admit(scheduler) == []
    decode(scheduler)
    assert admit(scheduler) == ["waiting"]


def test_lower_priority_number_goes_first() -> None:
    scheduler = Scheduler(max_rows=1)
    scheduler.add(a_generation("relaxed", priority=5))
    scheduler.add(a_generation("fast", priority=1))
    assert drain(scheduler) == ["fast", "relaxed"]


def test_an_urgent_request_passes_the_running_ones_at_the_next_step() -> None:
    scheduler = Scheduler(max_rows=2)
    scheduler.add(a_generation("relaxed", rows=2, steps=9, priority=5))
    step(scheduler)
    scheduler.add(a_generation("fast", rows=2, steps=2, priority=1))
    assert ids_of(step(scheduler)) == ["fast", "fast"]
    assert drain(scheduler) == ["fast", "relaxed"]


def test_fairness_keys_take_turns_however_much_one_of_them_asked_for() -> None:
    scheduler = Scheduler(max_rows=1)
    for number in range(4):
        scheduler.add(a_generation(f"greedy{number}", fairness_key="a"))
    for number in range(2):
        scheduler.add(a_generation(f"modest{number}", fairness_key="b"))
    order = drain(scheduler)
    assert order == ["greedy0", "modest0", "greedy1", "modest1", "greedy2", "greedy3"]


def test_a_key_that_was_away_gets_no_credit_for_it() -> None:
    scheduler = Scheduler(max_rows=1)
    for number in range(6):
        scheduler.add(a_generation(f"a{number}", steps=1, fairness_key="a"))
    served = [done.id for _ in range(4) if step(scheduler) and (done := decode(scheduler))]
    assert served == ["a0", "a1", "a2", "a3"]
    for number in range(3):
        scheduler.add(a_generation(f"b{number}", steps=1, fairness_key="b"))
    assert sorted(drain(scheduler)[:4]) == ["a4", "a5", "b0", "b1"]


def test_within_a_key_the_oldest_goes_first() -> None:
    scheduler = Scheduler(max_rows=1)
    for name in "abc":
        scheduler.add(a_generation(name))
    assert drain(scheduler) == ["a", "b", "c"]


def test_batch_keys_take_turns_and_never_mix() -> None:
    scheduler = Scheduler(max_rows=4)
    scheduler.add(a_generation("wide", steps=3, width=128))
    scheduler.add(a_generation("narrow", steps=3))
    scheduler.add(a_generation("other model", steps=3, model="n"))
    turns = [ids_of(step(scheduler)) for _ in range(6)]
    assert all(len(set(ids)) == 1 for ids in turns)
    assert sorted(turns[:3]) == sorted(turns[3:]) == [["narrow"], ["other model"], ["wide"]]


def test_a_full_key_does_not_hold_up_another() -> None:
    scheduler = Scheduler(max_rows=1)
    scheduler.add(a_generation("first", steps=9))
    scheduler.add(a_generation("same key", steps=9))
    scheduler.add(a_generation("another key", width=128))
    assert sorted(admit(scheduler)) == ["another key", "first"]


def test_a_request_with_more_rows_than_fit_moves_on_together() -> None:
    scheduler = Scheduler(max_rows=2)
    generation = a_generation("big", rows=4, steps=3)
    scheduler.add(generation)
    progress = []
    while not all(row.is_denoised for row in generation.rows):
        step(scheduler)
        progress.append(generation.steps_done)
    assert progress == [0, 1, 1, 2, 2, 3]


def test_memory_pressure_lowers_the_rows_of_that_key_only() -> None:
    scheduler = Scheduler(max_rows=4)
    big, small = a_generation("big", rows=4, width=128), a_generation("small", rows=4)
    scheduler.add(big)
    scheduler.add(small)
    scheduler.limit_rows(big.key, 1)
    sizes = {batch.key.width: len(batch.rows) for _ in range(2) if (batch := step(scheduler))}
    assert sizes == {128: 1, 64: 4}


def test_an_id_stands_for_those_under_it() -> None:
    scheduler = Scheduler(max_rows=1)
    family = [a_generation(name) for name in ("a", "a/1", "a/1/x", "a2", "b")]
    for generation in family:
        scheduler.add(generation)
    assert scheduler.find_all("a") == family[:3]
    assert scheduler.find_all("a/1") == family[1:3]
    assert scheduler.find_all("c") == []


def test_removed_in_each_state() -> None:
    scheduler = Scheduler(max_rows=1)
    running, waiting = a_generation("running", steps=5), a_generation("waiting")
    scheduler.add(running)
    scheduler.add(waiting)
    step(scheduler)
    scheduler.remove(waiting)
    assert scheduler.find_all("waiting") == []
    scheduler.remove(running)
    assert not scheduler.has_work
    assert step(scheduler) is None
    assert scheduler.next_decode() is None


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),  # rows
            st.integers(1, 4),  # steps
            st.integers(0, 2),  # priority
            st.sampled_from("ab"),  # fairness key
            st.sampled_from([64, 128]),  # width
        ),
        max_size=8,
    ),
    st.integers(1, 4),
)
def test_everybody_finishes_once_and_no_batch_is_too_large(
    requests: list[tuple[int, int, int, str, int]], max_rows: int
) -> None:
    scheduler = Scheduler(max_rows)
    for number, (rows, steps, priority, fairness_key, width) in enumerate(requests):
        scheduler.add(
            a_generation(str(number), rows=rows, steps=steps, priority=priority, fairness_key=fairness_key, width=width)
        )
    finished: list[str] = []
    turns = 0
    while scheduler.has_work:
        batch = step(scheduler)
        assert batch is None or len(batch.rows) <= max_rows
        if done := decode(scheduler):
            finished.append(done.id)
        turns += 1
        assert turns <= sum(rows * (steps + 1) for rows, steps, *_ in requests)
    assert sorted(finished) == sorted(str(number) for number in range(len(requests)))


def test_scheduling_loads_no_torch() -> None:
    code = "import sys, engine.scheduler, engine.protocol, engine.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_least_work_goes_first_and_passes_what_is_long() -> None:
    scheduler = Scheduler(max_rows=1)
    scheduler.add(a_generation("long", steps=20))
    step(scheduler)
    scheduler.add(a_generation("short", steps=2))
    assert drain(scheduler) == ["short", "long"]


def test_age_outweighs_work_in_the_end() -> None:
    """Short requests never stop coming; the long one is drawn all the same."""
    scheduler = Scheduler(max_rows=1)
    long = a_generation("long", steps=20)
    scheduler.add(long)
    turns = 0
    while not long.is_drawn:
        scheduler.add(a_generation(f"short{turns}", steps=2))
        step(scheduler)
        decode(scheduler)
        turns += 1
        assert turns <= 200


def test_under_a_stream_of_better_priority_nobody_starves() -> None:
    """The worst wait is bounded: the oldest of those passed over gets every fourth step until it is drawn."""
    scheduler = Scheduler(max_rows=1)
    relaxed = [a_generation(f"relaxed{n}", steps=5, priority=9, width=64 * (n + 1)) for n in range(3)]
    for generation in relaxed:
        scheduler.add(generation)
    turns = 0
    while not all(generation.is_drawn for generation in relaxed):
        scheduler.add(a_generation(f"fast{turns}", steps=1))
        step(scheduler)
        decode(scheduler)
        turns += 1
        assert turns <= STARVING_TURNS + RESCUE_EVERY * (3 * 5 + 3)


def test_a_finished_walk_is_decoded_however_many_better_ones_are() -> None:
    """Models of a few steps finish more pictures than one decode a turn brings out."""
    scheduler = Scheduler(max_rows=4)
    relaxed = a_generation("relaxed", steps=1, priority=9)
    scheduler.add(relaxed)
    step(scheduler)
    steps = 0
    for turn in itertools.count():
        scheduler.add(a_generation(f"fast{turn}", rows=2, steps=1))
        steps += step(scheduler) is not None
        assert steps <= STARVING_TURNS + RESCUE_EVERY
        decode(scheduler)
        if relaxed.is_drawn:
            break


@given(st.integers(0, 300))
def test_a_top_priority_request_starts_within_two_steps(turns_before: int) -> None:
    scheduler = Scheduler(max_rows=2)
    for number in range(6):
        scheduler.add(a_generation(f"relaxed{number}", rows=3, steps=200, priority=number // 2, width=64 << number % 3))
    for _ in range(turns_before):
        step(scheduler)
    urgent = a_generation("urgent", priority=-1, width=64 << turns_before % 4)
    scheduler.add(urgent)
    step(scheduler)
    step(scheduler)
    assert urgent.steps_done >= 1


def test_keys_share_the_time_not_the_turns() -> None:
    costs = {64: CostCurve(((1, 1.0),)), 128: CostCurve(((1, 4.0),))}
    scheduler = Scheduler(1, lambda key: costs[key.width])
    scheduler.add(a_generation("cheap", steps=99))
    scheduler.add(a_generation("dear", steps=99, width=128))
    turns = [ids_of(step(scheduler))[0] for _ in range(50)]
    assert turns.count("cheap") == 4 * turns.count("dear")


def test_a_batch_is_filled_to_the_knee() -> None:
    knees = {64: CostCurve(((1, 1.0), (4, 1.1), (8, 2.2))), 128: CostCurve(((1, 1.0), (2, 1.97), (4, 4.0)))}
    scheduler = Scheduler(8, lambda key: knees[key.width])
    scheduler.add(a_generation("small", rows=16, steps=9))
    scheduler.add(a_generation("large", rows=16, steps=9, width=128))
    sizes = {batch.key.width: len(batch.rows) for _ in range(4) if (batch := step(scheduler))}
    assert sizes == {64: 4, 128: 1}


def test_what_is_paused_takes_no_step_and_no_room() -> None:
    scheduler = Scheduler(max_rows=1)
    paused = a_generation("paused", steps=2)
    scheduler.add(paused)
    step(scheduler)
    paused.is_paused = True
    assert not scheduler.has_work
    assert step(scheduler) is None
    scheduler.add(a_generation("other", steps=2))
    assert drain(scheduler) == ["other"]
    paused.is_paused = False
    assert drain(scheduler) == ["paused"]
