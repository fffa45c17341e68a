"""`python -m bot` with everything real but the engine, for tests that kill it: `JOURNAL HOLD RENEWAL ARGUMENT...`

Each request for pictures becomes a line of JSON in JOURNAL. HOLD is the step after which the first one waits
until SIGUSR1 comes, or "never"; "stuck" is step 1 with an engine that does not stop, and short deadlines. RENEWAL is
after how many seconds leases are renewed, which then last for a day; or "usual".
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from bot import loops
from bot.__main__ import main
from bot.domain import lease
from bot.ui import answering
from bot.usecases import dispatch
from engine.protocol import Event, GenerateRequest, Request
from tests.fakes import FakeEngine, Gate
from tests.patience import PATIENCE_SECONDS


class JournalingEngine(FakeEngine):
    journal = Path()
    gate = Gate()
    is_stuck = False

    async def start(self) -> None:
        await super().start()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.gate.open)

    async def stop(self) -> None:
        await (asyncio.Event().wait() if self.is_stuck else super().stop())

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        if isinstance(request, GenerateRequest):
            asked = {"id": request.id, "prompt": request.prompt, "seeds": request.seeds, "pid": os.getpid()}
            with self.journal.open("a") as lines:
                lines.write(json.dumps(asked) + "\n")
        async for event in super().generate(request):
            yield event


def launch(journal: str, hold: str, renewal_seconds: str, *arguments: str) -> int:
    engine = JournalingEngine()
    engine.journal = Path(journal)
    if hold != "never":
        engine.is_stuck = hold == "stuck"
        engine.gate = engine.hold(1 if engine.is_stuck else int(hold))
    if engine.is_stuck:
        vars(loops).update(DRAIN_SECONDS=0.1, CLOSING_SECONDS=0.1)
    if renewal_seconds != "usual":
        lease.LEASE = timedelta(days=1)
        vars(dispatch)["RENEWAL_SECONDS"] = float(renewal_seconds)
    vars(answering)["PATIENCE_SECONDS"] = PATIENCE_SECONDS  # nobody is told that it takes long
    # Where the command line finds its engine; the real one would load torch for seconds.
    place = ModuleType("engine.local")
    vars(place)["LocalEngine"] = lambda _config: engine
    sys.modules[place.__name__] = place
    return main(list(arguments))


if __name__ == "__main__":
    sys.exit(launch(*sys.argv[1:]))
