"""Killed at each named instant of a job's life and at any moment: nothing is lost, shown twice or charged wrongly."""

from pathlib import Path

from benchmarks.crash import main
from benchmarks.crash_bot import INSTANTS

KILLS = len(INSTANTS) + 12


def test_nothing_is_lost_shown_twice_or_charged_wrongly(tmp_path: Path) -> None:
    load = ["--members", "6", "--pause-seconds", "0.6", "--life-seconds", "1", "--plot", str(tmp_path / "crash.png")]
    figures = main(["--kills", str(KILLS), *load])
    told = {name: figures[name] for name in ("kills", "jobs_lost", "double_posts", "charges_wrong", "wrong_ends")}
    assert told == {"kills": KILLS, "jobs_lost": 0, "double_posts": 0, "charges_wrong": 0, "wrong_ends": 0}
    assert figures["jobs"] >= KILLS
