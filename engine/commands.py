"""The command line's orders other than drawing a prompt: their arguments, their requests, and what is shown of results.

No torch; `__main__` runs the engine.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from engine.config import EngineConfig
from engine.protocol import Cancelled, Described, Failed, Finished, Pixels, TerminalEvent, UpscaleRequest, Weighed
from engine.tasks import TaskRequest


class UnreadablePicture(Exception):
    """The message names the file and what is wrong with it."""


def read_picture(path: Path) -> Pixels:
    """Upright and in colour; what is transparent becomes white."""
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except FileNotFoundError:
        raise UnreadablePicture(f"there is no picture {path}") from None
    except (UnidentifiedImageError, OSError) as error:
        raise UnreadablePicture(f"{path} cannot be read as a picture: {error}") from error
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return Pixels(picture.width, picture.height, white.convert("RGB").tobytes())


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> list[argparse.ArgumentParser]:
    upscale = commands.add_parser("upscale", help="make a picture 2 or 4 times as large")
    upscale.add_argument("picture", type=Path, help="the picture")
    upscale.add_argument("-o", "--out", type=Path, default=Path("out.png"), help="PNG file (default: %(default)s)")
    upscale.add_argument("--scale", type=int, choices=(2, 4), default=2, help="times (default: %(default)s)")
    upscale.add_argument(
        "--network",
        default="auto",
        help="compact (quick), anime, photo, auto, or a .safetensors file of the ESRGAN family (default: auto)",
    )
    return [upscale]


def request_from(options: argparse.Namespace) -> TaskRequest:
    """Raises `UnreadablePicture`."""
    match options.command:
        case "upscale":
            return UpscaleRequest("cli", read_picture(options.picture), options.scale)
        case unknown:
            raise ValueError(f"there is no command {unknown}")


def configured(config: EngineConfig, options: argparse.Namespace) -> EngineConfig:
    """With what the command names."""
    return replace(config, upscale_model=options.network) if options.command == "upscale" else config


def show(result: TerminalEvent, options: argparse.Namespace) -> None:
    match result:
        case Finished(images, engine_seconds, notes):
            [image] = images
            Image.frombytes("RGB", (image.width, image.height), image.rgb).save(options.out)
            print(f"\n{options.out}: {image.width}x{image.height} in {engine_seconds:.1f} s", file=sys.stderr)
            for note in notes:
                print(note, file=sys.stderr)
        case Described(texts):
            print("\n".join(texts))
        case Weighed(words):
            for word in words:
                print(f"{word.weight:.2f} {word.word}")
        case Failed() | Cancelled():
            pass  # told already, as it happened
