"""Killed at every named instant of a job's life: nothing is lost, shown twice or charged wrongly."""

from pathlib import Path

import pytest

from benchmarks.crash import main


@pytest.mark.timeout(500)  # a dozen starts of the whole bot, on a machine that may be busy
def test_nothing_is_lost_shown_twice_or_charged_wrongly(tmp_path: Path) -> None:
    load = ["--members", "8", "--pause-seconds", "0.5", "--life-seconds", "1", "--plot", str(tmp_path / "crash.png")]
    figures = main(["--kills", "12", *load])
    told = {name: figures[name] for name in ("kills", "jobs_lost", "double_posts", "charges_wrong", "wrong_ends")}
    assert told == {"kills": 12, "jobs_lost": 0, "double_posts": 0, "charges_wrong": 0, "wrong_ends": 0}
    assert figures["jobs"] >= 12
