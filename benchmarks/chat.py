"""`python -m benchmarks.chat`: what the chat costs on top of the engine, and how quickly a press is answered.

The bot runs as a process of its own against the stand-in Discord, as it would against the real one.

- `overhead_ratio`: from the command being sent to the result being seen, divided by the time that the engine alone
  takes for the same request; medians, taken by turns.
- `first_response_p99_ms`: from a press to the first response being seen, while the engine draws. As many members as
  asked press at random moments of `--seconds`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from bot.config import TOKEN_VARIABLE
from bot.sandbox import Member, Sandbox, SandboxConfig, find_component
from engine.config import EngineConfig, ModelConfig
from engine.local import LocalEngine
from engine.protocol import Finished, GenerateRequest

PROMPT = "a red apple on a blue background"
PATIENCE_SECONDS = 120.0
PREVIEWS = 4


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    names = tuple(f"member{number}" for number in range(options.members))
    settings = SandboxConfig(
        member_names=("ada", *names), rate_limits=None, wait_seconds=PATIENCE_SECONDS, openapi=None
    )
    async with Sandbox(settings) as sandbox, _bot(sandbox, options.source):
        ada = await sandbox.member("ada")
        grid = await _imagine(ada)
        overhead = await _overhead(ada, options)
        members = [await sandbox.member(name) for name in names]
        latencies = await _first_responses(ada, members, grid, options.seconds)
    return {
        "overhead_ratio": round(overhead, 4),
        "first_response_p50_ms": round(1000 * statistics.median(latencies), 1),
        "first_response_p99_ms": round(1000 * statistics.quantiles(latencies, n=100)[98], 1),
        "members": options.members,
        "press_seconds": options.seconds,
        "steps": options.steps,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


async def _overhead(ada: Member, options: argparse.Namespace) -> float:
    engine = LocalEngine(EngineConfig(models=(ModelConfig("starter", "starter", options.source),)))
    await engine.start()
    try:
        await _draw(engine, 0)
        chat, alone = [], []
        for number in range(1, options.rounds + 1):
            chat.append(await _timed(_imagine(ada)))
            alone.append(await _timed(_draw(engine, number)))
    finally:
        await engine.stop()
    print(f"through the chat {statistics.median(chat):.2f} s, alone {statistics.median(alone):.2f} s", file=sys.stderr)
    return statistics.median(chat) / statistics.median(alone)


async def _timed(work: Any) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def _draw(engine: LocalEngine, number: int) -> None:
    model = engine.list_models()[0]
    request = GenerateRequest(
        id=f"alone:{number}",
        prompt=PROMPT,
        seeds=(1, 2, 3, 4),
        width=model.width,
        height=model.height,
        steps=model.steps,
        preview_every=max(1, model.steps // PREVIEWS),
    )
    events = [event async for event in engine.generate(request)]
    assert isinstance(events[-1], Finished), events[-1]


async def _imagine(ada: Member) -> dict[str, Any]:
    sent = await ada.slash("imagine", prompt=PROMPT)
    return await ada.wait_for_message(lambda message: _has_button(message, "U1"), since=sent)


async def _first_responses(ada: Member, members: Sequence[Member], grid: dict[str, Any], seconds: float) -> list[float]:
    chance = random.Random(7)  # the same moments in every run
    latencies: list[float] = []

    async def press(member: Member) -> None:
        await asyncio.sleep(chance.uniform(0, seconds))
        begun = time.perf_counter()
        sent = await member.press(grid, "U1")
        await member.response(sent)
        latencies.append(time.perf_counter() - begun)

    async with _busy_engine(ada), asyncio.TaskGroup() as group:
        for member in members:
            group.create_task(press(member))
    return latencies


@contextlib.asynccontextmanager
async def _busy_engine(ada: Member) -> AsyncIterator[None]:
    async def keep_drawing() -> None:
        while True:
            await _imagine(ada)

    drawing = [asyncio.create_task(keep_drawing()) for _ in range(2)]
    try:
        yield
    finally:
        for task in drawing:
            task.cancel()
        await asyncio.gather(*drawing, return_exceptions=True)


def _has_button(message: dict[str, Any], label: str) -> bool:
    try:
        find_component(message, label)
    except LookupError:
        return False
    return True


@contextlib.asynccontextmanager
async def _bot(sandbox: Sandbox, source: str) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        settings = Path(folder) / "config.toml"
        settings.write_text(_settings(sandbox, Path(folder), source))
        environment = os.environ | {TOKEN_VARIABLE: sandbox.bot_token}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "--config", str(settings), "run", env=environment
        )
        try:
            await asyncio.wait_for(sandbox.wait_until_bot_is_ready(), PATIENCE_SECONDS)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def _settings(sandbox: Sandbox, folder: Path, source: str) -> str:
    return f"""
[database]
url = "sqlite:///{folder}/easel.db"
[images]
store = "{folder}/images"
[discord]
api_url = "{sandbox.api_url}"
gateway_url = "{sandbox.gateway_url}"
[[engine.models]]
name = "starter"
family = "starter"
source = "{source}"
[log]
level = "warning"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0, help="the presses fall into this time")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--source", default="", help="another folder with the starter's weights")
    options = parser.parse_args()
    options.steps = "the model's own"
    print(json.dumps(asyncio.run(measure(options))))


if __name__ == "__main__":
    main()
