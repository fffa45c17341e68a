"""Whose slice comes next. Slices here only count themselves; no torch."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from engine.protocol import Described, DescribeRequest, Pixels
from engine.slices import Work
from engine.tasks import MAX_BEGUN, Effort, Task, TaskQueue

DOT = Pixels(1, 1, b"\0\0\0")


def a_task(name: str, *, slices: int = 3, priority: int = 0, fairness_key: str = "") -> Task:
    def begin(_: Effort) -> Work:
        yield from [None] * slices
        return Described((name,), 0.0)

    return Task(DescribeRequest(name, DOT, priority=priority, fairness_key=fairness_key), begin)


def turn(queue: TaskQueue, seconds: float = 1.0) -> str | None:
    """One slice; the name of whose it was."""
    task = queue.next()
    if task is None:
        return None
    if task.work is None:
        task.work = task.begin(task.effort)
    if next(task.work, "ended") == "ended":
        queue.remove(task)
    else:
        queue.charge(task, seconds)
    return task.id


def turns(queue: TaskQueue, count: int) -> list[str | None]:
    return [turn(queue) for _ in range(count)]


def a_queue(*tasks: Task) -> TaskQueue:
    queue = TaskQueue()
    for task in tasks:
        queue.add(task)
    return queue


def test_one_member_is_served_in_order_and_two_take_turns() -> None:
    assert turns(a_queue(a_task("a"), a_task("b")), 5) == ["a", "a", "a", "a", "b"]
    two = a_queue(a_task("a", fairness_key="ada"), a_task("b", fairness_key="ada"), a_task("c", fairness_key="bob"))
    assert turns(two, 6) == ["a", "c", "a", "c", "a", "c"]


def test_the_better_priority_goes_first_whatever_has_begun() -> None:
    queue = a_queue(a_task("relaxed", priority=1))
    turn(queue)
    queue.add(a_task("fast"))
    assert turns(queue, 5) == ["fast"] * 4 + ["relaxed"]


def test_a_newcomer_waits_while_enough_have_begun() -> None:
    """Each that has begun holds memory."""
    queue = a_queue(*(a_task(str(n), fairness_key=str(n)) for n in range(MAX_BEGUN + 1)))
    names = turns(queue, 4 * MAX_BEGUN + 1)
    assert names.index(str(MAX_BEGUN)) >= 4 * (MAX_BEGUN - 1) + 1
    assert sum(task.work is not None for task in queue.tasks) <= MAX_BEGUN


def test_a_newcomer_starts_level_not_with_a_credit() -> None:
    queue = a_queue(a_task("old", slices=100, fairness_key="ada"))
    turns(queue, 50)
    queue.add(a_task("new", slices=100, fairness_key="bob"))
    assert turns(queue, 10).count("old") == 5


def test_a_paused_task_has_no_turn() -> None:
    queue = a_queue(a_task("a"), a_task("b"))
    queue.tasks[0].is_paused = True
    assert turn(queue) == "b"
    queue.tasks[1].is_paused = True
    assert not queue.has_work
    assert turn(queue) is None


def test_what_is_removed_lets_go_of_what_it_held() -> None:
    held: list[str] = []

    def begin(_: Effort) -> Work:
        held.append("memory")
        try:
            yield None
            return Described((), 0.0)
        finally:
            held.clear()

    queue = a_queue(Task(DescribeRequest("a", DOT), begin))
    turn(queue)
    assert held
    queue.remove(queue.tasks[0])
    assert not held
    assert not queue.has_work


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(1, 4)), max_size=8))
def test_everything_ends(wishes: list[tuple[int, str, int]]) -> None:
    queue = a_queue(*(a_task(str(n), priority=p, fairness_key=key, slices=s) for n, (p, key, s) in enumerate(wishes)))
    names = turns(queue, sum(slices + 1 for *_, slices in wishes))
    assert set(names) == {str(n) for n in range(len(wishes))}
    assert turn(queue) is None
    assert not queue.tasks


def test_no_torch() -> None:
    code = "import sys, engine.tasks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
