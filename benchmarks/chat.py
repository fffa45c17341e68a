"""`python -m benchmarks.chat`: what the chat costs on top of the engine, and how quickly a press is answered.

The bot runs as a process of its own against the stand-in Discord, as it would against the real one.

- `overhead_ratio`: from the command being sent to the result being seen, divided by the time that the engine alone
  takes for the same request; medians, taken by turns.
- `first_response_p99_ms`: from the moment an interaction is made to the bot's first response to it, both at the
  stand-in, while the engine draws. As many members as asked press U1 at random moments of `--seconds`.
- `heartbeats_missed`: lines to the gateway that were silent for half as long again as the interval between heartbeats
  (`--heartbeat-seconds`, much shorter than Discord's 41), which the stand-in closes then; `heartbeat_late_ms` is by how
  much the latest one missed its time.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from bot.config import TOKEN_VARIABLE
from bot.sandbox import Member, Sandbox, SandboxConfig, find_component
from engine.config import EngineConfig, ModelConfig
from engine.local import LocalEngine
from engine.protocol import Finished, GenerateRequest

PROMPT = "a red apple on a blue background"
PATIENCE_SECONDS = 120.0
PREVIEWS = 4
DISCORD_EPOCH_MS = 1_420_070_400_000
CALLBACK = re.compile(r"/interactions/(?P<id>\d+)/[^/]+/callback")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    names = tuple(f"member{number}" for number in range(options.members))
    settings = SandboxConfig(
        member_names=("ada", *names),
        rate_limits=None,
        wait_seconds=PATIENCE_SECONDS,
        openapi=None,
        heartbeat_seconds=options.heartbeat_seconds,
    )
    async with Sandbox(settings) as sandbox, _bot(sandbox, options):
        ada = await sandbox.member("ada")
        grid = await _imagine(ada)
        overhead = await _overhead(ada, options)
        latencies = await _first_responses(sandbox, ada, grid, options)
        heartbeats = sandbox.gateway.heartbeats
    return {
        "overhead_ratio": round(overhead, 4),
        "first_response_p50_ms": round(1000 * statistics.median(latencies), 1),
        "first_response_p99_ms": round(1000 * statistics.quantiles(latencies, n=100)[98], 1),
        "heartbeats_missed": heartbeats.missed,
        "heartbeat_late_ms": round(1000 * heartbeats.latest_seconds, 1),
        "heartbeats": heartbeats.arrived,
        "members": options.members,
        "press_seconds": options.seconds,
        "steps": options.steps,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


async def _overhead(ada: Member, options: argparse.Namespace) -> float:
    engine = LocalEngine(EngineConfig(models=(ModelConfig("starter", "starter", options.source, steps=options.steps),)))
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


async def _first_responses(sandbox: Sandbox, ada: Member, grid: dict[str, Any], options: Any) -> list[float]:
    """Seconds from the moment Discord makes an interaction to the moment the bot's first response arrives there."""
    chance = random.Random(7)  # the same moments in every run
    button = find_component(grid, "U1")["custom_id"]
    responses = FirstResponses(sandbox)

    async def press(number: int, http: aiohttp.ClientSession) -> None:
        await asyncio.sleep(chance.uniform(0, options.seconds))
        token = sandbox.world.token_of(sandbox.user(f"member{number}").id)
        press = {
            "type": 3,
            "application_id": sandbox.config.application_id,
            "channel_id": grid["channel_id"],
            "session_id": "bench",
            "nonce": str(number + 1),
            "message_id": grid["id"],
            "message_flags": 0,
            "data": {"component_type": 2, "custom_id": button},
        }
        url = f"{sandbox.base_url}/api/v9/interactions"
        async with http.post(url, json=press, headers={"Authorization": token}) as answer:
            answer.raise_for_status()

    async with aiohttp.ClientSession() as http, _busy_engine(ada):
        async with asyncio.TaskGroup() as group:
            for number in range(options.members):
                group.create_task(press(number, http))
        await ada.wait_for(lambda _: len(responses.seconds()) >= options.members, since=len(ada.events))
    return responses.seconds()


class FirstResponses:
    """How long each took, from now on. Looks at every request once: the wait for them asks at each event, in the
    process that also has to keep the gateway's time."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._looked_at = len(sandbox.requests)
        self._seconds: list[float] = []

    def seconds(self) -> list[float]:
        for record in self._sandbox.requests[self._looked_at :]:
            self._looked_at += 1
            if match := CALLBACK.fullmatch(record.path):
                made_at = ((int(match["id"]) >> 22) + DISCORD_EPOCH_MS) / 1000
                self._seconds.append(record.arrived_at - made_at)
        return self._seconds


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
async def _bot(sandbox: Sandbox, options: argparse.Namespace) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        settings = Path(folder) / "config.toml"
        settings.write_text(_settings(sandbox, Path(folder), options))
        environment = os.environ | {TOKEN_VARIABLE: sandbox.bot_token}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "--config", str(settings), "run", env=environment
        )
        try:
            await _until_ready(sandbox, process)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _until_ready(sandbox: Sandbox, process: asyncio.subprocess.Process) -> None:
    ready = asyncio.ensure_future(sandbox.wait_until_bot_is_ready())
    ended = asyncio.ensure_future(process.wait())
    await asyncio.wait({ready, ended}, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not ready.done():
        ready.cancel()
        raise SystemExit("the bot did not start; what it says above tells why")


def _settings(sandbox: Sandbox, folder: Path, options: argparse.Namespace) -> str:
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
source = "{options.source}"
steps = {options.steps}
[log]
level = "warning"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0, help="the presses fall into this time")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--heartbeat-seconds", type=float, default=2.0)
    parser.add_argument("--steps", type=int, default=100, help="denoising steps of every picture")
    parser.add_argument("--source", default="", help="another folder with the starter's weights")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options))))


if __name__ == "__main__":
    main()
