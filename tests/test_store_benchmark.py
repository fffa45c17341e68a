"""The store's benchmark in small: that it measures, not what."""

from pathlib import Path

from benchmarks.store import main


def test_it_fills_and_measures_a_database(tmp_path: Path) -> None:
    small = ["--few", "50", "--many", "200", "--rounds", "10", "--no-postgres"]
    figures = main([*small, "--plot", str(tmp_path / "store.png")])
    assert figures["growth_sqlite"] > 0
    assert figures["gallery_page_ms"] > 0
    assert figures["search_apart_ms"] > 0
    assert figures["search_ms"] > 0
