"""`python -m bot` with a scripted engine that takes its time, and a fuse.

A bot kills itself, without a word, when it comes to the named instant of a job's life for the third time. As a program
this reads lines of JSON, `[INSTANT, STEP_SECONDS, ARGUMENT...]`: each starts such a bot as a fork of this process. It
answers with the bot's process id, and again once that has ended.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from types import ModuleType
from typing import Any

from bot.__main__ import main
from engine.protocol import Event, Progress, Request
from tests.fakes import FakeEngine

REAL = "real"
"""In place of an instant: the bot as it is started by anybody, with its own engine."""
TIMES = 3
INSTANTS = {
    "after the commit, before the answer": ("bot.ui.commands.imagine", "show_waiting", "before"),
    "after the answer, before it is written down": ("bot.ui.answering", "begin", "before"),
    "after the claim": ("bot.usecases.dispatch", "run_job", "before"),
    "in the middle of the steps": ("", "", ""),
    "after decoding, before the pictures are kept": ("bot.usecases.run_job", "put_masters", "before"),
    "after the pictures are kept, before the end is recorded": ("bot.usecases.run_job", "put_masters", "after"),
    "after the end is recorded, before it is shown": ("bot.usecases.courier", "deliver_job", "before"),
    "after the try is recorded, before it is posted": ("bot.usecases.deliver", "place_file", "before"),
    "after it is posted, before that is recorded": ("bot.usecases.deliver", "place_file", "after"),
    "after the record, before the waiting message goes": ("bot.usecases.deliver", "tidy", "before"),
    "after the waiting message went, before the delivery is closed": ("bot.usecases.deliver", "tidy", "after"),
    "after a copy is owed, before it is sent": ("bot.usecases.copies", "place_file", "before"),
    "after a copy is sent, before that is recorded": ("bot.usecases.copies", "place_file", "after"),
}


class Fuse:
    """Counts down to the end."""

    def __init__(self, times: int) -> None:
        self._left = times

    def burn(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


class SlowEngine(FakeEngine):
    """Takes `step_seconds` for each step. The fuse burns at the second step of a picture."""

    def __init__(self, step_seconds: float, fuse: Fuse | None) -> None:
        super().__init__()
        self._step_seconds = step_seconds
        self._fuse = fuse

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        async for event in super().generate(request):
            if isinstance(event, Progress):
                await asyncio.sleep(self._step_seconds)
                if self._fuse and event.step_index == 2:
                    self._fuse.burn()
            yield event


def lay(instant: str) -> Fuse | None:
    """A fuse at the instant. Returned where it is the engine that has to burn it."""
    if instant == "never":
        return None
    module_name, name, when = INSTANTS[instant]
    fuse = Fuse(TIMES)
    if not module_name:
        return fuse
    module = importlib.import_module(module_name)
    vars(module)[name] = _burning(getattr(module, name), when, fuse)
    return None


def _burning(work: Callable[..., Awaitable[Any]], when: str, fuse: Fuse) -> Callable[..., Awaitable[Any]]:
    async def burning(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            fuse.burn()
        result = await work(*arguments, **named)
        if when == "after":
            fuse.burn()
        return result

    return burning


def launch(instant: str, step_seconds: str, *arguments: str) -> int:
    engine = SlowEngine(float(step_seconds), lay(instant))
    place = ModuleType("engine.local")  # the real one would load torch for seconds
    vars(place)["LocalEngine"] = lambda _config: engine
    sys.modules[place.__name__] = place
    return main(list(arguments))


def hatch(instant: str, step_seconds: str, *arguments: str) -> None:
    """Never returns: this process is the bot from now on."""
    os.setpgid(0, 0)
    if instant == REAL:
        os.execv(sys.executable, [sys.executable, "-m", "bot", *arguments])
    os._exit(launch(instant, step_seconds, *arguments))


def main_of_nest() -> None:
    importlib.import_module("bot.program")  # with all that it needs, once for all bots
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            hatch(*json.loads(line))
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main_of_nest()
