"""How many threads a background training should use now. A matrix product split over a core that another program
holds waits for that core, so on a shared machine fewer threads are faster, for them and for us."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

PROC_STAT = Path("/proc/stat")


class Courtesy:
    """Looks at what others used since the last call. Where the kernel does not tell (no /proc), all cores are ours."""

    def __init__(self) -> None:
        self._cores = os.cpu_count() or 1
        self._last = self._reading()

    def threads(self) -> int:
        now = self._reading()
        seconds, busy, ours = (new - old for new, old in zip(now, self._last, strict=True))
        self._last = now
        others = max(0.0, busy - ours) / max(seconds, 1e-6)
        return max(1, self._cores - math.ceil(others - 0.3)) if others > 0.3 else self._cores

    def _reading(self) -> tuple[float, float, float]:
        """(wall clock, processor seconds of everybody, processor seconds of this process)."""
        own = time.process_time()
        return time.monotonic(), _everybody() if PROC_STAT.exists() else own, own


def _everybody() -> float:
    fields = PROC_STAT.read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, interrupts, soft, *_ = (int(field) for field in fields)
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")
