"""Starts bots and loses them: each is a fork of one process that has imported everything, so that it is up at once.

What a bot is and does, `benchmarks.crash_bot` knows; here are its beginning, what it says, and its end.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
LONGEST_LINE = 2**24
PATIENCE_SECONDS = 300.0
"""A machine with other work to do takes its time to load an engine."""


@dataclass
class Bot:
    """A process. `said` is what it has said on its error output so far."""

    pid: int
    said: bytearray = field(default_factory=bytearray)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)
    has_spoken: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, line: bytes) -> None:
        self.said += line
        if b"studio open" in line:
            self.is_open.set()
        self.has_spoken.set()

    def send(self, number: signal.Signals) -> None:
        if not self.has_ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def opened(self) -> bool:
        """False when it ended before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await _first(self.is_open.wait(), self.has_ended.wait())
        return self.is_open.is_set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Looked at whenever the bot has said something; not at all any more once it has ended."""
        while not (is_so() or self.has_ended.is_set()):
            self.has_spoken.clear()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await _first(self.has_spoken.wait(), self.has_ended.wait())


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


class Nest:
    """Hatches one bot at a time."""

    def __init__(self, token: dict[str, str]) -> None:
        self._token = token
        self._stack = contextlib.AsyncExitStack()
        self._process: Process | None = None
        self._bot: Bot | None = None

    async def __aenter__(self) -> Self:
        environment = {**os.environ, **self._token, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "benchmarks.crash_bot"]
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST_LINE
        )
        listening = asyncio.create_task(self._listen(self._process))
        self._stack.push_async_callback(asyncio.wait_for, listening, None)  # and raise what ended it too early
        self._stack.push_async_callback(self._process.wait)
        self._stack.callback(self._process.kill)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _listen(self, process: Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            if self._bot is not None:
                self._bot.heard(line)
            else:
                sys.stderr.write(line.decode())

    @contextlib.asynccontextmanager
    async def bot(self, *arguments: str) -> AsyncIterator[Bot]:
        """Given as soon as the process is there, and killed at the end if it still runs."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(arguments).encode() + b"\n")
        bot = self._bot = Bot(int(await process.stdout.readline()))
        ending = asyncio.create_task(self._await_end(process.stdout, bot))
        try:
            yield bot
        finally:
            bot.send(signal.SIGKILL)
            await ending
            if b"Traceback" in bot.said:
                sys.stderr.write(bot.said.decode())

    async def _await_end(self, reports: asyncio.StreamReader, bot: Bot) -> None:
        await reports.readline()
        bot.has_ended.set()
