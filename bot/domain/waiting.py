"""Where a waiting job stands, and when that is worth telling again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """`position` in the whole line counts from 1; where only so many are counted it is the least. `seconds` until the
    job starts, None while nothing has been measured yet."""

    position: int
    seconds: float | None

    def is_news_after(self, said: "Waiting") -> bool:
        """Half of the way is done. A step forward alone is none: a hundred members would hear of each other's."""
        return 2 * self.position <= said.position
