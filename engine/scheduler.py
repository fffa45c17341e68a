"""Decides which rows share the next denoising step. Knows nothing of tensors, models or time; no torch.

A generation waits, then runs. Waiting ones are admitted by priority, then fairly between fairness keys, then by
age, as long as their batch key has room. Batch keys take turns, so that nothing blocks at the head of the line.
"""

from collections import Counter
from collections.abc import Iterator

from engine.generation import Batch, BatchKey, Generation, Row


class Scheduler:
    def __init__(self, max_rows: int) -> None:
        self._max_rows = max_rows
        self._row_limits: dict[BatchKey, int] = {}
        self._waiting: list[Generation] = []
        self._running: list[Generation] = []
        self._served: Counter[str] = Counter()
        self._turns: dict[BatchKey, int] = {}
        self._turn = 0

    @property
    def has_work(self) -> bool:
        return bool(self._waiting or self._running)

    @property
    def generations(self) -> tuple[Generation, ...]:
        return (*self._running, *self._waiting)

    def find(self, request_id: str) -> Generation | None:
        return next((generation for generation in self.generations if generation.id == request_id), None)

    def add(self, generation: Generation) -> None:
        """A fairness key that was idle starts level with the least served of those at work, not with a credit."""
        key = generation.request.fairness_key
        others = {other.request.fairness_key for other in self.generations}
        if key not in others:
            self._served[key] = min((self._served[other] for other in others), default=0)
        self._waiting.append(generation)

    def remove(self, generation: Generation) -> None:
        """Forget a generation that finished, failed or was cancelled, in whatever state it is."""
        queue = self._running if generation in self._running else self._waiting
        queue.remove(generation)
        living = self.generations
        if not any(other.request.fairness_key == generation.request.fairness_key for other in living):
            del self._served[generation.request.fairness_key]
        if not any(other.key == generation.key for other in living):
            self._turns.pop(generation.key, None)

    def limit_rows(self, key: BatchKey, rows: int) -> None:
        """From now on no more than `rows` of this key at once: more did not fit into memory."""
        self._row_limits[key] = max(1, min(rows, self._limit(key)))

    def admit(self) -> list[Generation]:
        """Those that begin now; whoever prepares them comes before `schedule`."""
        admitted = []
        while candidates := [g for g in self._waiting if self._has_room(g)]:
            admitted.append(min(candidates, key=self._rank_of_waiting))
            self._start(admitted[-1])
        return admitted

    def schedule(self) -> Batch | None:
        """The next batch, or None when nothing is left to denoise (pictures may still wait to be decoded)."""
        ready = {g.key for g in self._running for row in g.rows if not row.is_denoised}
        if not ready:
            return None
        key = min(ready, key=lambda key: (self._turns.get(key, 0), key.model, key.width, key.height))
        self._turn += 1
        self._turns[key] = self._turn
        return Batch(key, tuple(self._rows_of(key))[: self._limit(key)])

    def next_decode(self) -> Row | None:
        """The next row whose latents are done: decoding goes one picture at a time, between steps."""
        rows = (row for g in self._by_rank() for row in g.rows if row.is_denoised and row.image is None)
        return next(rows, None)

    def rows_to_decode(self, first: Row, limit: int) -> tuple[Row, ...]:
        """`first` and others of its key that wait likewise."""
        key = first.generation.key
        rows = (row for g in self._by_rank() if g.key == key for row in g.rows if row.is_denoised and row.image is None)
        return tuple(rows)[:limit]

    def _rank_of_waiting(self, generation: Generation) -> tuple[int, int]:
        """Priority, then the least served fairness key; `min` settles ties by age, the order of the list."""
        return generation.request.priority, self._served[generation.request.fairness_key]

    def _start(self, generation: Generation) -> None:
        self._waiting.remove(generation)
        self._running.append(generation)
        self._served[generation.request.fairness_key] += len(generation.rows) * generation.settings.steps

    def _has_room(self, candidate: Generation) -> bool:
        """Only rows of equal or higher rank fill the room, so that an urgent request passes at the next step.

        Pictures that wait to be decoded count: otherwise few-step models would pile them up.
        """
        taken = sum(
            g.rows_undrawn
            for g in self._running
            if g.key == candidate.key and g.request.priority <= candidate.request.priority
        )
        return taken < self._limit(candidate.key)

    def _limit(self, key: BatchKey) -> int:
        return self._row_limits.get(key, self._max_rows)

    def _by_rank(self) -> list[Generation]:
        return sorted(self._running, key=lambda g: g.request.priority)

    def _rows_of(self, key: BatchKey) -> Iterator[Row]:
        """Rows of one generation that lag behind go first: they then report progress together."""
        for generation in self._by_rank():
            if generation.key == key:
                yield from sorted(
                    (row for row in generation.rows if not row.is_denoised), key=lambda row: row.step_index
                )
