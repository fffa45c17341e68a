"""Killed at instants of a job's life: nothing is lost, shown twice or charged wrongly."""

import os
from pathlib import Path

import pytest

from benchmarks.crash import main

KILLS = 12
"""Each costs a start of the whole bot. `python -m benchmarks.crash` goes through all the named instants, and on."""


@pytest.mark.skipif(
    "EASEL_CRASHES" not in os.environ, reason="takes minutes: set EASEL_CRASHES, or run benchmarks.crash"
)
@pytest.mark.timeout(900)
def test_nothing_is_lost_shown_twice_or_charged_wrongly(tmp_path: Path) -> None:
    load = ["--members", "8", "--pause-seconds", "0.5", "--life-seconds", "1", "--plot", str(tmp_path / "crash.png")]
    figures = main(["--kills", str(KILLS), *load])
    told = {name: figures[name] for name in ("kills", "jobs_lost", "double_posts", "charges_wrong", "wrong_ends")}
    assert told == {"kills": KILLS, "jobs_lost": 0, "double_posts": 0, "charges_wrong": 0, "wrong_ends": 0}
    assert figures["jobs"] >= KILLS
