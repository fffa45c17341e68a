"""The command line's orders beside drawing: their arguments, and the files that they read.

No torch; `__main__` runs the engine.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from engine.config import COMPILE_MODES, STARTER, EngineConfig, ModelConfig, read_config
from engine.protocol import Mask, Pixels
from engine.startup import share_the_cores


class UnreadablePicture(Exception):
    """The message names the file and what is wrong with it."""


def read_picture(path: Path) -> Pixels:
    """Upright and in colour; what is transparent becomes white. Raises `UnreadablePicture`."""
    picture = _open(path, "RGBA")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return Pixels(picture.width, picture.height, white.convert("RGB").tobytes())


def read_mask(path: Path) -> Mask:
    """By brightness, upright. Raises `UnreadablePicture`."""
    picture = _open(path, "L")
    return Mask(picture.width, picture.height, picture.tobytes())


def _open(path: Path, mode: str) -> Image.Image:
    try:
        with Image.open(path) as opened:
            return ImageOps.exif_transpose(opened).convert(mode)
    except FileNotFoundError:
        raise UnreadablePicture(f"there is no picture {path}") from None
    except (UnidentifiedImageError, OSError) as error:
        raise UnreadablePicture(f"{path} cannot be read as a picture: {error}") from error


def add_upscale(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    upscale = commands.add_parser("upscale", help="make a picture 2 or 4 times as large")
    upscale.add_argument("picture", type=Path, help="the picture")
    upscale.add_argument("-o", "--out", type=Path, default=Path("out.png"), help="PNG file (default: %(default)s)")
    upscale.add_argument("--scale", type=int, choices=(2, 4), default=2, help="times (default: %(default)s)")
    upscale.add_argument(
        "--network",
        default="auto",
        help="compact (quick), anime, photo, auto, or a .safetensors file of the ESRGAN family (default: auto)",
    )
    return upscale


def add_bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    bench = commands.add_parser(
        "bench",
        help="measure what each model costs on this machine",
        description="Measures, for each model, the seconds of a denoising step by its number of rows (pictures), where "
        "more rows stop bringing more, what the engine and previews add, the memory, and what could be compiled. "
        "Takes a minute or so a model, some more to compile. The last line is the same as JSON.",
    )
    bench.add_argument("--settings", type=Path, metavar="FILE", help="a studio's config.toml: measure its models")
    bench.add_argument("--compile", choices=COMPILE_MODES, help="compile denoisers (default: auto, on CUDA only)")
    bench.add_argument("--threads", type=int, help="CPU threads (default: as the engine chooses)")
    bench.add_argument("--fixed-rows", type=int, metavar="N", help="every forward filled up to N rows (default: off)")
    return bench


def run_bench(options: argparse.Namespace) -> int:
    """Prints as it goes, in a thread of its own, as the engine has one. Raises `EngineStartError`."""
    config = _bench_config(options)
    with ThreadPoolExecutor(1, initializer=share_the_cores) as thread:
        print(thread.submit(_bench, config).result())
    return 0


def _bench(config: EngineConfig) -> str:
    from engine.bench import as_json, bench

    return as_json(bench(config, print))


def _bench_config(options: argparse.Namespace) -> EngineConfig:
    config = read_config(options.settings) if options.settings else EngineConfig()
    if options.model or options.family or not options.settings:
        config = replace(config, models=(chosen_model(options),))
    said = {"device": options.device, "dtype": options.dtype}
    named = {name: value for name, value in said.items() if value != "auto"}
    more = {"compile": options.compile, "threads": options.threads, "fixed_rows": options.fixed_rows}
    return replace(config, **named, **{name: value for name, value in more.items() if value is not None})


def chosen_model(options: argparse.Namespace) -> ModelConfig:
    if not (options.model or options.family):
        return STARTER
    name = Path(options.model).stem
    return ModelConfig(name=name, family=options.family, source=options.model, base=options.base)
