"""The engine that is measured, with the starter and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.config import EngineConfig
from engine.local import LocalEngine
from engine.protocol import Request, TerminalEvent


class Studio:
    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine

    async def ask(self, request: Request) -> TerminalEvent:
        async for event in self.engine.generate(request):
            if isinstance(event, TerminalEvent):
                return event
        raise AssertionError("the stream ended without a terminal event")


@asynccontextmanager
async def open_studio() -> AsyncIterator[Studio]:
    engine = LocalEngine(EngineConfig())
    await engine.start()
    try:
        yield Studio(engine)
    finally:
        await engine.stop()
