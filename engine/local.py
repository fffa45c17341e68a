"""The engine in this process: streams on the event loop's side, one owner thread that alone touches torch.

Work goes in through an inbox and comes back through the loop's thread-safe call. Every stream ends in exactly one
terminal event: the generation's own, or Failed(ENGINE_STOPPED or ENGINE_DIED) when the owner thread ends.
"""

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from engine.config import EngineConfig
from engine.inbox import Cancel, Inbox, InboxClosed, Message, Pause, Stream, Submit
from engine.protocol import (
    EngineStartError,
    Event,
    Failed,
    FailureCode,
    ModelInfo,
    Queued,
    Request,
    TerminalEvent,
)
from engine.startup import LoadModels, start_owner

if TYPE_CHECKING:
    from engine.pipelines.interface import Pipeline

log = logging.getLogger(__name__)


def load_models(config: EngineConfig) -> "Mapping[str, Pipeline]":
    """Imports torch only when it is called, in the owner thread."""
    from engine import models

    loaded = models.load_models(config)
    _spare_the_collector()
    return loaded


def _spare_the_collector() -> None:
    """What is loaded by now is here to stay. Walking through the half a million objects of torch and its company, as
    every full collection would, stops the whole program, event loop and all, for half a second."""
    gc.unfreeze()  # the models of an engine that died may go
    gc.collect()
    gc.freeze()


class LocalEngine:
    """Implements `engine.protocol.Engine`. It belongs to the event loop that called `start`.

    `load` is where the models come from; it runs in the owner thread.
    """

    def __init__(self, config: EngineConfig, load: LoadModels = load_models) -> None:
        self._config = config
        self._load = load
        self._inbox: Inbox | None = None
        self._thread: threading.Thread | None = None
        self._models: tuple[ModelInfo, ...] = ()
        self._streams: dict[str, Stream] = {}
        self._ended = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._is_draining = False
        self._end_reason = "the engine was not started"

    async def start(self) -> None:
        await self._join_ended()
        loop = asyncio.get_running_loop()
        inbox = Inbox()
        loaded: asyncio.Future[None] = loop.create_future()
        self._thread = threading.Thread(target=self._own, args=(inbox, loop, loaded), name="engine", daemon=True)
        self._inbox = inbox
        self._ended.clear()
        self._end_reason = "the engine thread died"
        self._thread.start()
        try:
            await loaded
        except EngineStartError:
            await self._ended.wait()  # the thread is past its last word when the caller hears of it
            raise

    async def _join_ended(self) -> None:
        """Two threads must never touch the device, however many call `start` at once."""
        thread = self._thread
        if thread is None:
            return
        if self._ended.is_set():
            await asyncio.to_thread(thread.join, self._config.stop_timeout_seconds)
        if self._thread is not thread or not self._ended.is_set():
            raise EngineStartError("the engine is already running")
        if thread.is_alive():
            raise EngineStartError("the engine's last thread is stuck in a step; restart the program")

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        """The request is submitted when the first event is asked for. Leaving the stream early cancels it."""
        if request.id in self._streams:
            yield Failed(FailureCode.INVALID_REQUEST, f"request {request.id} is already under way")
            return
        if self._is_draining:
            yield Failed(FailureCode.ENGINE_STOPPED, "the engine is stopping")
            return
        stream: Stream = asyncio.Queue()
        if not self._post(Submit(request, stream)):
            yield Failed(FailureCode.ENGINE_STOPPED, self._end_reason)
            return
        self._streams[request.id] = stream
        self._drained.clear()
        event: Event = Queued()
        try:
            yield event
            while not isinstance(event, TerminalEvent):
                event = await stream.get()
                if isinstance(event, TerminalEvent):
                    self._forget(request.id)  # before the caller sees it: the id is free again
                yield event
        finally:
            if not isinstance(event, TerminalEvent):
                self._forget(request.id)
                self._post(Cancel(request.id))

    def _forget(self, request_id: str) -> None:
        del self._streams[request_id]
        if not self._streams:
            self._drained.set()

    def cancel(self, request_id: str) -> None:
        self._post(Cancel(request_id))

    def pause(self, request_id: str) -> None:
        """No further step until `resume`; the rows keep their place in the device's memory. Cancelling works."""
        self._post(Pause(request_id, is_paused=True))

    def resume(self, request_id: str) -> None:
        self._post(Pause(request_id, is_paused=False))

    def list_models(self) -> tuple[ModelInfo, ...]:
        return self._models

    async def stop(self) -> None:
        """What is under way may finish within `drain_seconds`. Then the owner thread leaves at the next step boundary;
        one that is stuck is given up after a while.
        """
        if self._thread is None or self._inbox is None:
            return
        await self._drain()
        if not self._ended.is_set():
            self._end_reason = "the engine was stopped"
        self._inbox.close()
        await asyncio.to_thread(self._thread.join, self._config.stop_timeout_seconds)
        if self._thread.is_alive():
            log.error("the engine thread did not stop within %.0f s", self._config.stop_timeout_seconds)
            self._on_end(FailureCode.ENGINE_STOPPED, "the engine thread is stuck and was given up")
        await self._ended.wait()

    async def _drain(self) -> None:
        """No new requests; what is left at the deadline ends in Failed(ENGINE_STOPPED), for the caller to keep."""
        if self._ended.is_set() or self._config.drain_seconds <= 0:
            return
        self._is_draining = True
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), self._config.drain_seconds)
        finally:
            self._is_draining = False  # whoever cancels the stop has an engine as before

    async def wait_ended(self) -> str:
        """Returns the reason once the owner thread has ended: it was stopped, or it died and may be started again."""
        await self._ended.wait()
        return self._end_reason

    def _post(self, message: Message) -> bool:
        if self._inbox is None:
            return False
        try:
            self._inbox.put(message)
        except InboxClosed:
            return False
        return True

    def _on_loaded(self, loaded: "asyncio.Future[None]", models: tuple[ModelInfo, ...]) -> None:
        """Also when whoever called `start` has gone."""
        self._models = models
        if not loaded.done():
            loaded.set_result(None)

    def _on_end(self, code: FailureCode, reason: str) -> None:
        self._end_reason = reason
        for stream in self._streams.values():
            stream.put_nowait(Failed(code, reason))
        self._ended.set()

    def _own(self, inbox: Inbox, loop: asyncio.AbstractEventLoop, loaded: "asyncio.Future[None]") -> None:
        """The owner thread, and its last-resort boundary: however it ends, every waiter gets an answer."""
        call = partial(_call_in, loop)
        code, reason = FailureCode.ENGINE_STOPPED, "the engine was stopped"
        try:
            owner = start_owner(self._config, self._load, inbox, call)
            call(self._on_loaded, loaded, owner.list_models())
            owner.serve()
        except EngineStartError as error:
            reason = str(error)
            call(_fail, loaded, error)
        except BaseException as error:
            log.critical("the engine thread died", exc_info=True)
            code, reason = FailureCode.ENGINE_DIED, f"the engine thread died: {type(error).__name__}: {error}"
            call(_fail, loaded, EngineStartError(reason))
        finally:
            inbox.close()
            call(self._on_end, code, reason)


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    """From another thread. A loop that has closed has no waiters left."""
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        log.warning("the event loop closed before the engine did")


def _fail(loaded: "asyncio.Future[None]", error: EngineStartError) -> None:
    if not loaded.done():
        loaded.set_exception(error)
