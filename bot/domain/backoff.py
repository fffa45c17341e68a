"""How long to wait before something that failed is tried again."""

import random
from collections.abc import Callable


def backoff(attempt: int, dice: Callable[[], float] = random.random) -> float:
    """Seconds before the next try: up to 1, 2, 4 ... 30, and at least half of that. `dice` gives 0 to 1: those that
    failed together do not all come back together."""
    return min(30.0, 2.0**attempt) * (1.0 + dice()) / 2.0
