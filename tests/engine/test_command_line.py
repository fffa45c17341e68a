"""`python -m engine` as somebody without the bot uses it."""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image

from engine.__main__ import EXAMPLES, _parser, main
from tests.engine.single_files import save_single_file


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def arguments(tiny_sd: Path, out: Path, *more: str) -> list[str]:
    model = ["--model", str(tiny_sd), "--family", "stable-diffusion", "--device", "cpu"]
    return ["generate", "the fox", "-o", str(out), "--steps", "2", *model, *more]


def test_a_grid_of_three(tiny_sd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fox.png"
    assert main(arguments(tiny_sd, out, "-n", "3", "--seed", "7")) == 0
    with Image.open(out) as picture:
        assert picture.size == (64, 64)
    error = capsys.readouterr().err
    assert "seed 7" in error
    assert "step 2 of 2" in error
    assert "3 of 32x32 in" in error


def test_starting_from_a_picture(tiny_sd: Path, tmp_path: Path) -> None:
    start, out = tmp_path / "start.png", tmp_path / "out.png"
    Image.new("RGB", (40, 40), "red").save(start)
    assert main(arguments(tiny_sd, out, "--init", str(start), "--strength", "0.5")) == 0
    assert out.is_file()


def test_what_cannot_be_drawn_says_why(tiny_sd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(tiny_sd, tmp_path / "x.png", "--sampler", "magic")) == 1
    assert "Nothing was drawn (invalid_request)" in capsys.readouterr().err
    assert main(["models", "--model", str(tmp_path), "--family", "sdxl"]) == 1
    assert "The engine cannot start" in capsys.readouterr().err


def test_the_models_are_listed(tiny_sd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--model", str(tiny_sd), "--family", "stable-diffusion"]) == 0
    assert "stable-diffusion, 32x32 pixels, 30 steps" in capsys.readouterr().out


def test_a_single_file_is_read_by_the_model_it_was_made_from(
    tiny_sd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = save_single_file(tiny_sd, "stable-diffusion", tmp_path)
    assert main(["models", "--model", str(file), "--base", str(tiny_sd), "--family", "stable-diffusion"]) == 0
    assert "tiny: stable-diffusion, 32x32 pixels" in capsys.readouterr().out


def test_help_loads_no_torch() -> None:
    code = "import sys; from engine.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}sys.exit('torch' in sys.modules)"], check=False, capture_output=True, text=True
    )
    assert shown.returncode == 0
    assert "generate" in shown.stdout


@pytest.mark.parametrize("example", EXAMPLES.splitlines()[1:])
def test_the_examples_of_the_help_are_understood(example: str) -> None:
    python, dash_m, package, *typed = shlex.split(example)
    assert (python, dash_m, package) == ("python", "-m", "engine")
    assert _parser().parse_args(typed).command == typed[0]


def test_redrawing_behind_a_mask(tiny_sd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start, mask, out = (tmp_path / name for name in ("start.png", "mask.png", "out.png"))
    Image.new("RGB", (32, 32), "white").save(start)
    Image.new("L", (64, 64), 255).save(mask)
    assert main(arguments(tiny_sd, out, "--init", str(start), "--mask", str(mask))) == 0
    assert out.is_file()
    Image.new("L", (64, 32), 255).save(mask)
    assert main(arguments(tiny_sd, out, "--init", str(start), "--mask", str(mask))) == 1
    assert "draw the mask in the picture's shape" in capsys.readouterr().err


def test_a_picture_is_enlarged(tiny_sd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Upright, and with its transparent parts white."""
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGBA", (12, 8), (0, 0, 0, 0)).save(small, exif=exif)
    model = ["--model", str(tiny_sd), "--family", "stable-diffusion", "--device", "cpu"]
    assert main(["upscale", str(small), "-o", str(large), "--scale", "4", *model]) == 0
    with Image.open(large) as picture:
        assert picture.size == (32, 48)
        assert numpy.asarray(picture).min() > 240
    assert "32x48 in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "sentence"), [("gone.png", "there is no picture"), ("text.png", "cannot be read as a picture")]
)
def test_a_picture_that_cannot_be_read(
    name: str, sentence: str, tiny_sd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = tmp_path / "start.png"
    Image.new("RGB", (32, 32), "white").save(start)
    (tmp_path / "text.png").write_text("no picture")
    assert main(["upscale", str(tmp_path / name)]) == 1
    assert sentence in capsys.readouterr().err
    assert main(arguments(tiny_sd, tmp_path / "out.png", "--init", str(start), "--mask", str(tmp_path / name))) == 1
    assert sentence in capsys.readouterr().err
