"""Decides which rows share the next denoising step. Knows nothing of tensors, models or clocks; no torch.

A generation waits, then runs. Four rules, in this order:

1. A batch has one key and is filled to that key's knee, never past what the memory holds.
2. The best priority goes first. Every fourth step may belong to the oldest of those that were passed over for long,
   so that nobody starves and an urgent request still starts within two steps.
3. Keys of equal priority share the machine's time by deficit round robin.
4. Within a key the least remaining work goes first, less what its age is worth; a newcomer of equal rank is chosen
   fairly between fairness keys, then by age. Who runs is decided anew at each step: that is the time slicing.

Time is the scheduler's own: the sum of what its batches cost by their curves.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator

from engine.generation import Batch, BatchKey, Generation, Row
from engine.policy import MANY, UNKNOWN, CostCurve

AGEING = 0.5  # seconds of remaining work that a second of waiting is worth
PREPARED_BATCHES = 4  # rows kept ready beside those that run: each holds latents in the device's memory
STARVING_TURNS = 64
RESCUE_EVERY = 4

Rank = tuple[int, float]


class Scheduler:
    def __init__(
        self,
        max_rows: int,
        curve_of: Callable[[BatchKey], CostCurve] = lambda _: UNKNOWN,
        rows_that_fit: Callable[[BatchKey], int] = lambda _: MANY,
    ) -> None:
        """`rows_that_fit` into the memory, as far as it was measured; `limit_rows` corrects it."""
        self._max_rows = max_rows
        self._curve_of = curve_of
        self._rows_that_fit = rows_that_fit
        self._row_limits: dict[BatchKey, int] = {}
        self._waiting: list[Generation] = []
        self._running: list[Generation] = []
        self._served: Counter[str] = Counter()
        self._arrived: dict[Generation, float] = {}
        self._last_turn: dict[Generation, int] = {}
        self._starving: dict[Generation, None] = {}
        self._rescued: Generation | None = None
        self._ring: deque[BatchKey] = deque()
        self._credit: dict[BatchKey, float] = {}
        self._turn = 0
        self._seconds = 0.0

    @property
    def has_work(self) -> bool:
        """Something that is not paused."""
        return any(not generation.is_paused for generation in self.generations)

    @property
    def generations(self) -> tuple[Generation, ...]:
        return (*self._running, *self._waiting)

    def find_all(self, request_id: str) -> list[Generation]:
        """The request of this id, and those whose ids are this one, a slash and more."""
        return [g for g in self.generations if g.id == request_id or g.id.startswith(f"{request_id}/")]

    def add(self, generation: Generation) -> None:
        """A fairness key that was idle starts level with the least served of those at work, not with a credit."""
        key = generation.request.fairness_key
        others = {other.request.fairness_key for other in self.generations}
        if key not in others:
            self._served[key] = min((self._served[other] for other in others), default=0)
        self._waiting.append(generation)
        self._arrived[generation] = self._seconds
        self._last_turn[generation] = self._turn

    def remove(self, generation: Generation) -> None:
        """Forget a generation that finished, failed or was cancelled, in whatever state it is."""
        queue = self._running if generation in self._running else self._waiting
        queue.remove(generation)
        del self._arrived[generation], self._last_turn[generation]
        self._starving.pop(generation, None)
        if self._rescued is generation:
            self._rescued = None
        if not any(other.request.fairness_key == generation.request.fairness_key for other in self.generations):
            del self._served[generation.request.fairness_key]

    def limit_rows(self, key: BatchKey, rows: int) -> None:
        """From now on no more than `rows` of this key at once: more did not fit into memory."""
        self._row_limits[key] = max(1, min(rows, self._limit(key)))

    def admit(self) -> list[Generation]:
        """Those that begin now; whoever prepares them comes before `schedule`."""
        admitted = []
        self._rescued = self._oldest_starving()
        if self._rescued in self._waiting:
            admitted.append(self._rescued)
            self._start(self._rescued)
        while candidates := self._with_room():
            admitted.append(min(candidates, key=self._rank_of_waiting))
            self._start(admitted[-1])
        return admitted

    def schedule(self) -> Batch | None:
        """The next batch, or None when nothing is left to denoise (pictures may still wait to be decoded)."""
        ready = [g for g in self._running if _is_ready(g)]
        if not ready:
            return None
        rescued, self._rescued = self._rescued, None
        first = rescued if rescued in ready else None
        key = first.key if first else self._next_key(ready)
        rows = tuple(self._rows_of(key, first))[: self._limit(key)]
        self._turn += 1
        self._seconds += self._curve_of(key).seconds(len(rows))
        for row in rows:
            self._last_turn[row.generation] = self._turn
        return Batch(key, rows)

    def next_decode(self) -> Row | None:
        """The first row whose latents are done: decoding goes a few pictures at a time, between steps."""
        return next(self._rows_denoised(), None)

    def rows_to_decode(self, first: Row, limit: int) -> tuple[Row, ...]:
        """`first` and others of its key that wait likewise."""
        return tuple(row for row in self._rows_denoised() if row.generation.key == first.generation.key)[:limit]

    def _rank(self, generation: Generation) -> Rank:
        """Priority, then remaining work less age, in seconds; the smallest first."""
        curve, limit = self._curve_of(generation.key), self._limit(generation.key)
        remaining = generation.row_steps_left * curve.seconds(limit) / limit
        waited = self._seconds - self._arrived[generation]
        return generation.request.priority, remaining - AGEING * waited

    def _rank_of_waiting(self, generation: Generation) -> tuple[int, int, float]:
        """The least served fairness key first; `min` settles ties by age, the order of the list."""
        priority, score = self._rank(generation)
        return priority, self._served[generation.request.fairness_key], score

    def _start(self, generation: Generation) -> None:
        self._waiting.remove(generation)
        self._running.append(generation)
        self._served[generation.request.fairness_key] += len(generation.rows) * generation.settings.steps

    def _with_room(self) -> list[Generation]:
        crowds: dict[BatchKey, list[tuple[Rank, int]]] = {}
        for rival in self._running:
            if not rival.is_paused:
                crowds.setdefault(rival.key, []).append((self._rank(rival), rival.rows_undrawn))
        waiting = (g for g in self._waiting if not g.is_paused)
        return [g for g in waiting if self._has_room(g, crowds.get(g.key, []))]

    def _has_room(self, candidate: Generation, rivals: list[tuple[Rank, int]]) -> bool:
        """Only rows of equal or better rank fill the room, so that what is urgent or short passes at the next step.

        Pictures that wait to be decoded count: otherwise few-step models would pile them up.
        """
        rank, limit = self._rank(candidate), self._limit(candidate.key)
        if sum(rows for rival, rows in rivals if rival <= rank) >= limit:
            return False
        is_urgent = all(candidate.request.priority < priority for (priority, _), _ in rivals)
        return is_urgent or sum(rows for _, rows in rivals) < PREPARED_BATCHES * limit

    def _limit(self, key: BatchKey) -> int:
        fitting = min(self._rows_that_fit(key), self._row_limits.get(key, self._max_rows))
        return max(1, min(self._max_rows, self._curve_of(key).knee, fitting))

    def _oldest_starving(self) -> Generation | None:
        """At every fourth step, of those that better priorities passed over for long, whoever came first: it is seen
        through. Among equals age alone is enough.
        """
        active = [g for g in self.generations if not g.is_paused]
        best = min((g.request.priority for g in active), default=0)
        passed_over = [g for g in active if g.request.priority > best]
        for generation in passed_over:
            if self._turn - self._last_turn[generation] >= STARVING_TURNS:
                self._starving[generation] = None
        if self._turn % RESCUE_EVERY:
            return None
        starving = [g for g in passed_over if g in self._starving]
        return min(starving, key=self._arrived.__getitem__, default=None)

    def _next_key(self, ready: list[Generation]) -> BatchKey:
        """Deficit round robin: a visit earns what the dearest step costs, and a step is paid for from that."""
        best = min(g.request.priority for g in ready)
        keys = dict.fromkeys(g.key for g in ready if g.request.priority == best)
        self._ring = deque([key for key in self._ring if key in keys])
        self._ring.extend(key for key in keys if key not in self._ring)
        self._credit = {key: self._credit.get(key, 0.0) for key in keys}
        costs = {key: self._cost(key, ready) for key in keys}
        while self._credit[self._ring[0]] < costs[self._ring[0]]:
            self._ring.rotate(-1)
            self._credit[self._ring[0]] += max(costs.values())
        self._credit[self._ring[0]] -= costs[self._ring[0]]
        return self._ring[0]

    def _cost(self, key: BatchKey, ready: list[Generation]) -> float:
        rows = sum(not row.is_denoised for g in ready if g.key == key for row in g.rows)
        return self._curve_of(key).seconds(min(rows, self._limit(key)))

    def _rows_denoised(self) -> Iterator[Row]:
        """Of those that better priorities passed over for long, what is drawn is brought out before anything else."""
        in_turn = sorted(self._running, key=lambda g: (g not in self._starving, g.request.priority))
        return (row for g in in_turn if not g.is_paused for row in g.rows if row.is_denoised and row.image is None)

    def _rows_of(self, key: BatchKey, first: Generation | None) -> Iterator[Row]:
        """Rows of one generation that lag behind go first: they then report progress together."""
        generations = [g for g in self._running if g.key == key and _is_ready(g)]
        for generation in sorted(generations, key=lambda g: (g is not first, self._rank(g))):
            yield from sorted((row for row in generation.rows if not row.is_denoised), key=lambda row: row.step_index)


def _is_ready(generation: Generation) -> bool:
    return not generation.is_paused and any(not row.is_denoised for row in generation.rows)
