"""`python -m engine bench`: a table for people, one line of JSON at the end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.bench import Figures, table
from engine.config import STARTER, EngineConfig, ModelConfig, read_config
from engine.policy import CostCurve, MemoryLine
from engine.protocol import EngineStartError

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers


def test_a_tiny_model_is_measured(tiny_sd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "config.toml"
    model = f'[[engine.models]]\nname = "tiny"\nfamily = "stable-diffusion"\nsource = "{tiny_sd}"\n'
    settings.write_text(f'[engine]\ndevice = "cpu"\nthreads = 1\nmemory_mib = 100\n{model}')
    assert main(["bench", "--settings", str(settings)]) == 0
    *shown, last = capsys.readouterr().out.splitlines()
    [figures] = json.loads(last)["models"]
    assert (figures["model"], figures["width"], figures["device"], figures["dtype"]) == ("tiny", 32, "cpu", "float32")
    assert figures["seconds_by_rows"]["1"] > 0
    assert figures["rows_a_second"] == pytest.approx(
        figures["knee"] / figures["seconds_by_rows"][str(figures["knee"])], rel=1e-3
    )
    assert figures["engine_over_bare"] > 0
    assert figures["preview_share"] > 0
    assert figures["step_bytes"]["a_row"] > 0
    assert figures["rows_that_fit"] > 1
    assert (figures["is_compiled"], figures["compiled_shapes"]) == (False, 0)
    text = "\n".join(shown)
    for part in ("tiny: 32x32 on cpu in float32", "rows a second", "<- full here", "rows fit", "not compiled"):
        assert part in text


A_MODEL = Figures(
    model="large",
    width=1024,
    height=1024,
    device="a card",
    dtype="bfloat16",
    curve=CostCurve(((1, 0.1), (2, 0.15), (4, 0.2))),
    engine_over_bare=1.01,
    preview_share=0.012,
    weights_mib=5000.0,
    memory=MemoryLine(2**20, 2**21),
    rows_that_fit=7,
    is_compiled=True,
    compiled_shapes=3,
    recorded_shapes=3,
    given_up=0,
    compile_seconds=61.0,
)


def test_what_could_not_be_compiled_is_hard_to_overlook() -> None:
    assert "  compiled for 3 shapes, 3 recorded as graphs, in 61 s" in table(A_MODEL)
    assert "2 COULD NOT BE and run uncompiled" in table(replace(A_MODEL, given_up=2))[-1]


def test_the_table_is_for_people() -> None:
    lines = table(A_MODEL)
    assert lines[0] == "large: 1024x1024 on a card in bfloat16, 5000 MiB of weights"
    assert lines[4].split() == ["4", "200.0", "20.00", "2.00x", "<-", "full", "here"]
    assert "  previews every 5 steps add 1.2% to a step" in lines
    assert "  a step takes 1.0 MiB and 2.0 more a row; 7 rows fit" in lines


def test_a_studios_settings_are_read_as_far_as_they_are_the_engines(tmp_path: Path) -> None:
    example = read_config(Path(__file__).parents[2] / "config.example.toml")
    assert example == EngineConfig(models=(ModelConfig("starter", "starter"),), cache_dir=Path("data/cache"))
    path = tmp_path / "config.toml"
    path.write_text("[engine]\nmax_rows = 3\nunheard_of = 1\n[discord]\nguild_id = 5\n")
    assert (read_config(path).max_rows, read_config(path).models) == (3, (STARTER,))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("[engine", "cannot be read"),
        ('[[engine.models]]\nname = "x"\n', "a model in .* has no family"),
    ],
)
def test_settings_that_cannot_be_read_are_named(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "config.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(EngineStartError, match=sentence):
        read_config(path)


def test_trouble_is_told_as_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--settings", str(tmp_path / "none.toml")]) == 1
    assert "The engine cannot start" in capsys.readouterr().err
