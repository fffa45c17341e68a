"""The engine's command line: draw pictures and work on them, or list the models, without the bot."""

import argparse
import asyncio
import logging
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from engine.commands import (
    UnreadablePicture,
    add_bench,
    add_upscale,
    chosen_model,
    read_mask,
    read_picture,
    run_bench,
)
from engine.config import FAMILIES, EngineConfig
from engine.local import LocalEngine
from engine.protocol import (
    EngineStartError,
    Failed,
    Finished,
    GenerateRequest,
    InitImage,
    ModelInfo,
    Pixels,
    Progress,
    Request,
    UpscaleRequest,
)

EXAMPLES = """examples:
  python -m engine generate "a fox under a full moon" -o fox.png
  python -m engine generate "a red rocket" -n 4 --seed 7 -o rocket.png
  python -m engine generate "a cabin in snow" --model stabilityai/sdxl-turbo --family sdxl --steps 4 --guidance 1
  python -m engine generate "a blue door" --init house.png --mask door.png
  python -m engine upscale fox.png --scale 4 -o large.png
  python -m engine models
  python -m engine bench --settings config.toml
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    logging.getLogger("engine.hub").setLevel(logging.INFO)  # whoever waits for gigabytes is told so
    try:
        return run_bench(options) if options.command == "bench" else asyncio.run(_run(options))
    except EngineStartError as error:
        print(f"The engine cannot start: {error}", file=sys.stderr)
    except UnreadablePicture as error:
        print(f"Nothing was done: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine",
        description="Draw pictures with Easel's engine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    generate = commands.add_parser("generate", help="draw a prompt into a PNG file")
    generate.add_argument("prompt", help="what to draw")
    generate.add_argument("-o", "--out", type=Path, default=Path("out.png"), help="PNG file (default: %(default)s)")
    generate.add_argument("-n", "--count", type=int, default=1, help="pictures, laid out as a grid (default: 1)")
    generate.add_argument("--negative", default="", metavar="TEXT", help="what not to draw")
    generate.add_argument("--seed", type=int, help="seed of the first picture (default: chosen and printed)")
    generate.add_argument("--steps", type=int, help="denoising steps (default: the model's)")
    generate.add_argument("--guidance", type=float, help="guidance scale (default: the model's)")
    generate.add_argument("--sampler", help="sampler (default: the model's)")
    generate.add_argument("--width", type=int, help="pixels (default: the model's)")
    generate.add_argument("--height", type=int, help="pixels (default: the model's)")
    generate.add_argument("--init", type=Path, metavar="FILE", help="picture to start from")
    generate.add_argument("--strength", type=float, default=0.6, help="0 keeps --init, 1 forgets it (default: 0.6)")
    generate.add_argument("--mask", type=Path, metavar="FILE", help="redraw --init only where this picture is white")
    models = commands.add_parser("models", help="list the model and what it can do")
    for command in (generate, add_upscale(commands), models, add_bench(commands)):
        command.add_argument("--model", default="", help="folder, .safetensors file or Hugging Face id")
        command.add_argument("--family", default="", help=f"{', '.join(FAMILIES)}; needed with --model")
        command.add_argument("--base", default="", help="folder or id of the model that a single file was made from")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
        command.add_argument("--dtype", default="auto", help="auto, float32, float16 or bfloat16 (default: auto)")
        command.add_argument("-v", "--verbose", action="store_true", help="say what is being loaded")
    return parser


async def _run(options: argparse.Namespace) -> int:
    request = None
    if options.command == "upscale":  # before anything is loaded: the file may not be there
        request = UpscaleRequest("cli", read_picture(options.picture), options.scale)
    engine = LocalEngine(_config(options))
    await engine.start()
    try:
        if options.command == "models":
            _print_models(engine.list_models())
            return 0
        return await _draw(engine, request or _request(options, engine.list_models()[0]), options.out)
    finally:
        await engine.stop()


def _config(options: argparse.Namespace) -> EngineConfig:
    """One picture does not repay minutes of compiling."""
    config = EngineConfig(models=(chosen_model(options),), device=options.device, dtype=options.dtype, compile="off")
    return replace(config, upscale_model=options.network) if options.command == "upscale" else config


def _print_models(models: tuple[ModelInfo, ...]) -> None:
    for model in models:
        print(f"{model.name}: {model.family}, {model.width}x{model.height} pixels, {model.steps} steps")
        if model.vocabulary:
            print(f"  knows {len(model.vocabulary)} words, such as {', '.join(model.vocabulary[:12])}")


async def _draw(engine: LocalEngine, request: Request, out: Path) -> int:
    finished = await _follow(engine, request)
    if finished is None:
        return 1
    _save_grid(finished.images, out)
    first, count = finished.images[0], len(finished.images)
    print(f"\n{out}: {count} of {first.width}x{first.height} in {finished.engine_seconds:.1f} s", file=sys.stderr)
    for note in finished.notes:
        print(note, file=sys.stderr)
    return 0


async def _follow(engine: LocalEngine, request: Request) -> Finished | None:
    """To its end, with steps told on the way; None if it failed, which is told too."""
    async for event in engine.generate(request):
        match event:
            case Progress(step_index, total_steps):
                print(f"\rstep {step_index} of {total_steps}", end="", file=sys.stderr, flush=True)
            case Failed(code, reason):
                print(f"\nNothing was drawn ({code}): {reason}", file=sys.stderr)
            case Finished():
                return event
            case _:
                pass  # it waits, or begins
    return None


def _request(options: argparse.Namespace, model: ModelInfo) -> GenerateRequest:
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr)
    return GenerateRequest(
        id="cli",
        prompt=options.prompt,
        seeds=tuple(seed + index for index in range(options.count)),
        negative_prompt=options.negative,
        width=options.width or model.width,
        height=options.height or model.height,
        steps=options.steps,
        guidance_scale=options.guidance,
        sampler=options.sampler,
        init_image=InitImage(read_picture(options.init), options.strength) if options.init else None,
        mask=read_mask(options.mask) if options.mask else None,
    )


def _save_grid(images: tuple[Pixels, ...], path: Path) -> None:
    columns = 1
    while columns**2 < len(images):
        columns += 1
    width, height = images[0].width, images[0].height
    grid = Image.new("RGB", (columns * width, -(-len(images) // columns) * height))
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        grid.paste(Image.frombytes("RGB", (width, height), image.rgb), (column * width, row * height))
    grid.save(path)


if __name__ == "__main__":
    sys.exit(main())
