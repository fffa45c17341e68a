"""Starts the engine again when it has ended by itself, so that one broken picture does not end the studio."""

import time
from collections import deque

import structlog

from bot.usecases.dispatch import Dispatcher
from engine.protocol import Engine, EngineStartError

log = structlog.get_logger(__name__)

MAX_RESTARTS = 3
"""As often as one job may interrupt the engine, so that a single culprit is found without ending the program."""
RESTART_WINDOW_SECONDS = 600.0


async def keep_engine_running(engine: Engine, dispatcher: Dispatcher) -> None:
    """Returns when the engine cannot be started, or ended too often of late: the whole program may do better anew."""
    restarts: deque[float] = deque(maxlen=MAX_RESTARTS)
    while True:
        reason = await engine.wait_ended()
        log.error("engine ended", reason=reason)
        await dispatcher.pause()  # what was being drawn is written down before anything is drawn again
        now = time.monotonic()
        if len(restarts) == MAX_RESTARTS and now - restarts[0] < RESTART_WINDOW_SECONDS:
            log.critical("engine given up", restarts=len(restarts), within_seconds=round(now - restarts[0]))
            return
        restarts.append(now)
        try:
            await engine.start()
        except EngineStartError as problem:
            log.critical("engine does not start again", reason=str(problem))
            return
        dispatcher.resume()
        log.warning("engine started again", restarts=len(restarts))
