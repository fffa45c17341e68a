"""The store's benchmark in small: that it measures, not what."""

from pathlib import Path

from benchmarks.store import main


def test_it_fills_and_measures_a_database(tmp_path: Path) -> None:
    figures = main(
        ["--few", "50", "--many", "200", "--rounds", "10", "--no-postgres", "--plot", str(tmp_path / "s.png")]
    )
    assert figures["growth_sqlite"] > 0
    assert figures["gallery_page_ms"] > 0
