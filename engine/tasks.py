"""Requests other than pictures drawn from noise, and whose turn it is. Knows nothing of tensors or of what they do.

Two rules: the best priority goes first; among equals the fairness key that was served least, then age. A request that
has begun holds memory, so that only a few begin before others end.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.protocol import (
    AnimateRequest,
    DescribeRequest,
    Progress,
    RestyleRequest,
    Started,
    UpscaleRequest,
    WeighWordsRequest,
)
from engine.slices import Work

TaskRequest = UpscaleRequest | RestyleRequest | DescribeRequest | WeighWordsRequest | AnimateRequest

MAX_BEGUN = 2  # of one priority, before a newcomer waits


@dataclass(frozen=True, slots=True)
class Effort:
    """How a task computes: a new attempt after trouble takes fewer pixels at once, or more digits."""

    halvings: int = 0
    in_full_precision: bool = False


@dataclass(slots=True, eq=False)
class Task:
    """One request under way. `begin` starts its work from the first slice; one that `can_lift` does so in float32 if
    asked. `told_share` is how much of it was told to be done, 0 to 1; less than 0 before its start was told.
    """

    request: TaskRequest
    begin: Callable[[Effort], Work]
    can_lift: bool = False
    effort: Effort = field(default_factory=Effort)
    work: Work | None = None
    told_share: float = -1.0
    engine_seconds: float = 0.0
    is_paused: bool = False

    @property
    def id(self) -> str:
        return self.request.id

    def is_news(self, event: Started | Progress) -> bool:
        """A new attempt repeats what was told: readers see no step twice."""
        share = event.step_index / event.total_steps if isinstance(event, Progress) else 0.0
        is_news, self.told_share = share > self.told_share, max(share, self.told_share)
        return is_news

    def close(self) -> None:
        """What the work holds is free again."""
        if self.work is not None:
            self.work.close()
            self.work = None


class TaskQueue:
    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._served: dict[str, float] = {}

    @property
    def has_work(self) -> bool:
        """Something that is not paused."""
        return any(not task.is_paused for task in self._tasks)

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(self._tasks)

    def find_all(self, request_id: str) -> list[Task]:
        """The request of this id, and those whose ids are this one, a slash and more."""
        return [task for task in self._tasks if task.id == request_id or task.id.startswith(f"{request_id}/")]

    def add(self, task: Task) -> None:
        """A fairness key that was idle starts level with the least served of those at work."""
        key = task.request.fairness_key
        others = {other.request.fairness_key for other in self._tasks}
        if key not in others:
            self._served[key] = min((self._served[other] for other in others), default=0.0)
        self._tasks.append(task)

    def remove(self, task: Task) -> None:
        """Forget a task that ended in whatever way."""
        self._tasks.remove(task)
        task.close()
        if not any(other.request.fairness_key == task.request.fairness_key for other in self._tasks):
            del self._served[task.request.fairness_key]

    def charge(self, task: Task, seconds: float) -> None:
        task.engine_seconds += seconds
        self._served[task.request.fairness_key] += seconds

    def next(self) -> Task | None:
        """Whose slice comes next, or None when all are paused or done."""
        ready = [task for task in self._tasks if not task.is_paused]
        best = min((task.request.priority for task in ready), default=0)
        equals = [task for task in ready if task.request.priority == best]
        begun = [task for task in equals if task.work is not None]
        candidates = begun if len(begun) >= MAX_BEGUN else equals
        return min(candidates, key=lambda task: self._served[task.request.fairness_key], default=None)
