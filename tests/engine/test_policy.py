"""Cost curves: what a step costs between the measured points, where a batch is full, and how they are measured."""

from pathlib import Path

import pytest
import torch

from engine.calibration import _keep, _read, measure, wait_for
from engine.policy import UNKNOWN, CostCurve, MemoryLine, ModelCosts, curve_for

# Published for one H200, compiled: seconds of a step of Qwen-Image by rows.
AT_512 = CostCurve(((1, 0.167), (8, 0.425)))
AT_1024 = CostCurve(((1, 0.243), (2, 0.474)))


def test_the_knee_is_where_more_rows_bring_no_more_pictures() -> None:
    assert (AT_512.knee, AT_1024.knee) == (8, 1)
    assert CostCurve(((1, 1.0), (2, 1.0), (4, 1.04), (8, 2.0), (16, 4.0))).knee == 4


def test_costs_between_and_beyond_the_points() -> None:
    curve = CostCurve(((1, 1.0), (2, 1.2), (4, 2.0)))
    assert [curve.seconds(rows) for rows in (0.5, 1, 2, 3, 4, 8)] == pytest.approx([1.0, 1.0, 1.2, 1.6, 2.0, 4.0])


@pytest.mark.parametrize("points", [(), ((2, 1.0), (1, 1.0)), ((1, 0.0),), ((0, 1.0),)])
def test_a_curve_that_makes_no_sense_is_refused(points: tuple[tuple[int, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"needs ascending|longer than nothing"):
        CostCurve(points)


def test_a_larger_picture_reaches_its_knee_with_fewer_rows() -> None:
    curve = CostCurve(((1, 1.0), (2, 1.0), (4, 1.0), (8, 2.0)))
    costs = {"m": ModelCosts(curve, 512 * 512)}
    assert curve_for(costs, "m", 512 * 512) is curve
    assert curve_for(costs, "m", 1024 * 1024).knee == 1
    assert curve_for(costs, "other", 512 * 512) is UNKNOWN


def test_measuring_stops_where_it_brings_nothing() -> None:
    assert measure(lambda rows: 0.01 * max(rows, 4)).points == ((1, 0.04), (2, 0.04), (4, 0.04), (8, 0.08))
    assert measure(lambda rows: 0.01 if rows < 4 else None).points == ((1, 0.01), (2, 0.01))
    assert measure(lambda _: 9.0).points == ((1, 9.0),)
    assert measure(lambda _: None).knee == 1


def test_every_device_with_a_queue_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or what is timed is how fast it takes orders."""
    waited: list[str] = []
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: waited.append(device.type))
    for name in ("cpu", "cuda", "mps"):
        wait_for(torch.device(name))
    assert waited == ["cuda", "mps"]


def test_a_measurement_is_kept_and_a_damaged_one_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "calibration" / "one.json"
    assert _read(path) is None
    costs = ModelCosts(AT_512, 512 * 512, MemoryLine(fixed=3, a_row=5))
    for kept in (costs, ModelCosts(AT_512, 512 * 512)):
        _keep(kept, path)
        assert _read(path) == kept
    for damage in ("{", "[[1]]", "[[2, 1.0], [1, 1.0]]", '{"a": 1}', "3"):
        path.write_text(damage)
        assert _read(path) is None
    _keep(costs, path / "below a file" / "one.json")  # a warning, no more
