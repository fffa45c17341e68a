"""The simulation in small: the same code that the bot chooses with, on a clock of its own."""

from pathlib import Path

from benchmarks.fairness import main

SMALL = ["--flood", "300", "--windows", "4", "--crowd", "50000", "--crowd-slots", "20", "--jobs", "4000"]


def test_a_flooder_waits_and_nobody_starves(tmp_path: Path) -> None:
    figures = main([*SMALL, "--plot", str(tmp_path / "fairness.png")])
    assert figures["jain"] >= 0.98
    assert figures["newcomer_job_lengths"] <= 2
    assert figures["weights_error"] <= 0.05
    assert figures["starved"] == 0
    assert (tmp_path / "fairness.png").stat().st_size > 1_000
