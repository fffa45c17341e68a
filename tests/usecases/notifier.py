"""A chat in memory: it honours `Notifier`, remembers what stands where, and refuses as often as it is told to."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from bot.domain.job import Job, JobId, MessageRef, UserId
from bot.domain.waiting import Waiting
from bot.usecases.ports import DeliveryDelayed, DeliveryError, Notifier, ResultFile
from tests.fakes import Gate
from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True)
class Said:
    """One message: `kind` is "result", "end", "direct", "copy" or "waiting"."""

    kind: str
    text: str
    files: tuple[ResultFile, ...] = ()


@dataclass
class FakeNotifier:
    """`refuse(method, *errors)` lets the next calls raise, in order; `lose(method)` does the work of the next one and
    then raises, as when a confirmation gets lost; `hold(method)`, of "send_direct" and "post_result", gives a gate
    at which the next one waits. `calls` names the methods that were called."""

    limit: int = 10 * 1024 * 1024
    messages: dict[MessageRef, Said] = field(default_factory=dict)
    progress: list[float] = field(default_factory=list)
    places: list[tuple[JobId, int]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    _errors: defaultdict[str, deque[DeliveryError]] = field(default_factory=lambda: defaultdict(deque))
    _losses: list[str] = field(default_factory=list)
    _gates: dict[str, Gate] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: "count[int]" = field(default_factory=lambda: count(1_000))

    def refuse(self, method: str, *errors: DeliveryError) -> None:
        self._errors[method].extend(errors)

    def lose(self, method: str) -> None:
        self._losses.append(method)

    def hold(self, method: str) -> Gate:
        return self._gates.setdefault(method, Gate())

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Until what was called, or stands in the chat, makes it so."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    def said(self, kind: str) -> list[Said]:
        return [message for message in self.messages.values() if message.kind == kind]

    def wait(self, job: Job) -> MessageRef:
        """Place the waiting message of a job."""
        return self._place(job.channel_id, Said("waiting", job.id))

    async def show_progress(self, job: Job, fraction: float, preview: bytes | None) -> None:
        self.progress.append(fraction)

    async def show_waiting(self, job: Job, waiting: Waiting) -> None:
        self.places.append((job.id, waiting.position))

    async def find_result(self, job: Job) -> MessageRef | None:
        self._called("find_result")
        return next(
            (place for place, said in self.messages.items() if said == Said("result", job.id, said.files)), None
        )

    async def post_result(self, job: Job, file: ResultFile) -> MessageRef:
        self._called("post_result")
        if gate := self._gates.pop("post_result", None):
            await gate.passed()
        placed = self._place(job.channel_id, Said("result", job.id, (file,)))
        self._maybe_lost("post_result")
        return placed

    async def show_end(self, job: Job) -> MessageRef:
        self._called("show_end")
        said = Said("end", f"{job.id} {job.status}")
        if job.waiting_message in self.messages:
            self.messages[job.waiting_message] = said
            self._changed.set()
            return job.waiting_message
        return self._place(job.channel_id, said)

    async def remove_waiting(self, job: Job) -> None:
        self._called("remove_waiting")
        if job.waiting_message is not None:
            self.messages.pop(job.waiting_message, None)

    async def remove_result(self, job: Job) -> None:
        self._called("remove_result")
        if job.result_message is not None:
            self.messages.pop(job.result_message, None)

    async def send_direct(self, user_id: UserId, text: str, files: Sequence[ResultFile]) -> MessageRef:
        self._called("send_direct")
        if gate := self._gates.pop("send_direct", None):
            await gate.passed()
        return self._place(user_id, Said("direct", text, tuple(files)))

    async def find_copy(self, job: Job) -> MessageRef | None:
        self._called("find_copy")
        return next((place for place, said in self.messages.items() if said == Said("copy", job.id, said.files)), None)

    async def post_copy(self, job: Job, file: ResultFile) -> MessageRef:
        self._called("post_copy")
        placed = self._place(job.user_id, Said("copy", job.id, (file,)))
        self._maybe_lost("post_copy")
        return placed

    async def upload_limit(self, job: Job) -> int:
        return self.limit

    def _place(self, channel_id: int, said: Said) -> MessageRef:
        placed = MessageRef(channel_id, next(self._ids))
        self.messages[placed] = said
        self._changed.set()
        return placed

    def _called(self, method: str) -> None:
        self.calls.append(method)
        self._changed.set()
        if self._errors[method]:
            raise self._errors[method].popleft()

    def _maybe_lost(self, method: str) -> None:
        if method in self._losses:
            self._losses.remove(method)
            raise DeliveryDelayed("the confirmation was lost")


def _honours_the_port(notifier: FakeNotifier) -> Notifier:
    """For the type checker."""
    return notifier
