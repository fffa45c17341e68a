"""`python -m engine.starter.train`: fetches the art, renders it, trains, and keeps a checkpoint, the weights and a
sheet of pictures up to date. Run it again to go on."""

from __future__ import annotations

import argparse
import math
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from engine.starter.courtesy import Courtesy
from engine.starter.dataset import Composer
from engine.starter.drawing import draw_all, save_sheet
from engine.starter.model import StarterModel
from engine.starter.network import NetworkConfig
from engine.starter.sprites import load_sprites
from engine.starter.trainer import Trainer, TrainingConfig
from engine.starter.vocabulary import Vocabulary

SHEET_PROMPTS = (
    *("a fox", "a cat, red background", "a small rocket at night", "a flat castle on grass"),
    *("a cartoon dog, blue background", "a fox under a full moon", "two cats", "three apples on snow"),
    *("a flat banana on the left", "a medium robot, teal background", "a sailboat on sea", "a cartoon tree, sunset"),
    *("a crown above a frog", "a pizza next to a cat, yellow background", "sunset", ""),
)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads or torch.get_num_threads())
    trainer = build_trainer(options)
    checkpoint = options.folder / "checkpoint.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
        print(f"resumed at {trainer.samples} samples", flush=True)
    elif options.start:
        trainer.start_from(StarterModel.load(options.start))
    run(trainer, options, checkpoint)


def build_trainer(options: argparse.Namespace) -> Trainer:
    vocabulary = Vocabulary.from_file(limit=options.nouns)
    options.folder.mkdir(parents=True, exist_ok=True)
    sprites = load_sprites(list(vocabulary.nouns), options.folder)
    torch.manual_seed(0)
    network = NetworkConfig(width=options.width, layers=options.layers, hidden=options.width * 2)
    model = StarterModel(vocabulary, network)
    config = TrainingConfig(
        batch=options.batch,
        learning_rate=options.rate,
        memory_rate=options.memory_rate,
        sketches=options.sketches,
        bf16=bf16_pays(),
    )
    return Trainer(model, Composer(vocabulary, sprites), config)


def run(trainer: Trainer, options: argparse.Namespace, checkpoint: Path) -> None:
    """Until --minutes or --samples are spent, or the process is asked to end; keeps everything then."""
    started = reported = saved = time.monotonic()
    first = seen = trainer.samples
    losses: list[float] = []
    courtesy = None if options.threads else Courtesy()
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())
    while (share := _share_done(trainer.samples - first, started, options)) < 1 and not asked_to_stop.is_set():
        trainer.cooldown = min(1.0, (1 - share) / options.cooldown) if options.cooldown else 1.0
        losses.append(trainer.step())
        if courtesy and trainer.steps % 2 == 0:
            torch.set_num_threads(courtesy.threads())
        if not math.isfinite(losses[-1]):
            raise SystemExit("the loss is no longer a number; go on from the last checkpoint at a lower --rate")
        now = time.monotonic()
        if now - reported >= options.report_seconds:
            _report(trainer, losses, (trainer.samples - seen) / (now - reported), share, now - started)
            losses, reported, seen = [], now, trainer.samples
        if now - saved >= options.save_minutes * 60:
            keep(trainer, options.folder, checkpoint)
            saved = time.monotonic()
    keep(trainer, options.folder, checkpoint)


def keep(trainer: Trainer, folder: Path, checkpoint: Path) -> None:
    """Checkpoint, weights as they would ship, and what they draw."""
    trainer.save(checkpoint)
    trainer.average.save(folder / "weights")
    pictures = draw_all(trainer.average, SHEET_PROMPTS, seed=1)
    save_sheet(pictures, SHEET_PROMPTS, folder / "sheets" / f"{trainer.samples:08d}.png")


def bf16_pays() -> bool:
    """Whether this processor multiplies bf16 matrices faster than fp32 ones."""
    seconds = {dtype: _matrix_seconds(dtype) for dtype in (torch.float32, torch.bfloat16)}
    return seconds[torch.bfloat16] < 0.8 * seconds[torch.float32]


def _matrix_seconds(dtype: torch.dtype) -> float:
    left, right = torch.ones(1024, 256, dtype=dtype), torch.ones(256, 1024, dtype=dtype)
    left @ right
    started = time.perf_counter()
    for _ in range(10):
        left @ right
    return time.perf_counter() - started


def _share_done(samples: int, started: float, options: argparse.Namespace) -> float:
    by_time = (time.monotonic() - started) / (options.minutes * 60)
    return max(by_time, samples / options.samples if options.samples else 0.0)


def _report(trainer: Trainer, losses: list[float], speed: float, share: float, elapsed: float) -> None:
    left = elapsed * (1 - share) / max(share, 1e-6)
    mean = sum(losses) / len(losses)
    print(
        f"step {trainer.steps} samples {trainer.samples} loss {mean:.4f} "
        f"{speed:.0f} samples/s, {left / 60:.0f} min left",
        flush=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m engine.starter.train", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".starter"), help="art, checkpoint, weights, sheets")
    parser.add_argument("--start", type=Path, help="weights to begin from where the folder has no checkpoint")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--samples", type=int, default=0, help="stop after so many in this run (0: no limit)")
    parser.add_argument("--nouns", type=int, default=None, help="only the first so many nouns of nouns.txt")
    parser.add_argument("--width", type=int, default=256, help="of the denoiser; a GPU can take 512")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--sketches", type=int, default=48, help="cheap noiseless pictures a step, for the memories")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--memory-rate", type=float, default=0.06, help="of the word memories")
    parser.add_argument("--cooldown", type=float, default=0.0, help="share of the run over which the rate falls to 0")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as the rest of the machine leaves idle")
    parser.add_argument("--report-seconds", type=float, default=30)
    parser.add_argument("--save-minutes", type=float, default=4)
    return parser


if __name__ == "__main__":
    main()
