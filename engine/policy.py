"""What a step costs and when a batch is full. Plain numbers; no torch, no queue."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.generation import BatchKey

MANY = 2**16  # rows: no limit
KNEE_SHARE = 0.95  # of the best throughput: more rows would only make everybody's step longer


@dataclass(frozen=True, slots=True)
class CostCurve:
    """Seconds of one step by its number of rows: measured points, ascending."""

    points: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        rows = [count for count, _ in self.points]
        if not rows or rows != sorted(set(rows)) or rows[0] < 1:
            raise ValueError("a cost curve needs ascending counts of rows, from 1 up")
        if any(seconds <= 0 for _, seconds in self.points):
            raise ValueError("a step takes longer than nothing")

    def seconds(self, rows: float) -> float:
        """Straight lines between the points; beyond the last, as many seconds a row as there."""
        counts = [count for count, _ in self.points]
        last_rows, last_seconds = self.points[-1]
        if rows >= last_rows:
            return last_seconds * rows / last_rows
        above = bisect_left(counts, rows)
        if above == 0:
            return self.points[0][1]
        (low, low_seconds), (high, high_seconds) = self.points[above - 1], self.points[above]
        return low_seconds + (high_seconds - low_seconds) * (rows - low) / (high - low)

    @property
    def knee(self) -> int:
        """The fewest rows that bring nearly all of the throughput."""
        best = max(count / seconds for count, seconds in self.points)
        return next(count for count, seconds in self.points if count / seconds >= KNEE_SHARE * best)

    def at_area(self, ratio: float) -> "CostCurve":
        """For rows of `ratio` times the area: a step costs what as much area cost where it was measured.

        A first guess, which leaves out that attention grows faster.
        """
        return CostCurve(tuple((count, self.seconds(count * ratio)) for count, _ in self.points))


@dataclass(frozen=True, slots=True)
class MemoryLine:
    """Bytes that a step takes beside the weights: `fixed` however few its rows, and `a_row` more for each."""

    fixed: int
    a_row: int

    def rows_in(self, free_bytes: int) -> int:
        """How many fit; at least one, which is tried whatever was measured."""
        return max(1, (free_bytes - self.fixed) // max(1, self.a_row))

    def at_area(self, ratio: float) -> "MemoryLine":
        """What a step keeps, it keeps for each pixel."""
        return MemoryLine(round(self.fixed * ratio), round(self.a_row * ratio))


def line_through(points: Sequence[tuple[int, int]]) -> MemoryLine:
    """The least that covers the smallest and the largest measured step of (rows, bytes)."""
    (few, low), (many, high) = points[0], points[-1]
    a_row = max(0, high - low) // (many - few) if many > few else low
    return MemoryLine(max(0, low - few * a_row), a_row)


@dataclass(frozen=True, slots=True)
class ModelCosts:
    """What a step costs in time and, where it was measured, in memory; and the area in pixels for which that holds."""

    curve: CostCurve
    area: int
    memory: MemoryLine | None = None


UNKNOWN = CostCurve(((1, 1.0), (MANY, 1.0)))  # every step the same, however full: fill to the operator's limit


def curve_for(costs: Mapping[str, ModelCosts], model: str, area: int) -> CostCurve:
    known = costs.get(model)
    if known is None:
        return UNKNOWN
    return known.curve if area == known.area else known.curve.at_area(area / known.area)


def rows_in_memory(costs: Mapping[str, ModelCosts], model: str, area: int, free_bytes: int | None) -> int:
    """How many rows of that area fit beside the weights; `MANY` where nothing was measured or nothing limits."""
    known = costs.get(model)
    if known is None or known.memory is None or free_bytes is None:
        return MANY
    return known.memory.at_area(area / known.area).rows_in(free_bytes)


class RowLimits:
    """What the scheduler asks at every step: what a step of a key costs, and how many rows of it fit.

    `free_bytes` None is no limit. `whole_rows` takes off what could not be filled up to a size that fits.
    """

    def __init__(
        self,
        costs: Mapping[str, ModelCosts],
        max_rows: int,
        free_bytes: int | None,
        whole_rows: Callable[[BatchKey, int], int],
    ) -> None:
        self.max_rows = max_rows
        self._costs = costs
        self._free_bytes = free_bytes
        self._whole_rows = whole_rows
        self.curve_of = lru_cache(maxsize=256)(self._curve_of)
        self.rows_that_fit = lru_cache(maxsize=256)(self._rows_that_fit)

    def most_rows(self, key: BatchKey) -> int:
        return max(1, min(self.max_rows, self.curve_of(key).knee, self.rows_that_fit(key)))

    def _curve_of(self, key: BatchKey) -> CostCurve:
        return curve_for(self._costs, key.model, key.width * key.height)

    def _rows_that_fit(self, key: BatchKey) -> int:
        rows = rows_in_memory(self._costs, key.model, key.width * key.height, self._free_bytes)
        return self._whole_rows(key, rows)
