"""What is said to the owner thread, and the queue it comes in by.

Closing the queue is how the thread is told to end, and how it says that it has ended.
"""

import asyncio
import threading
from dataclasses import dataclass

from engine.protocol import Event, Request

Stream = asyncio.Queue[Event]
"""What one caller of `generate` reads, up to the first terminal event. Filled in the event loop only."""


@dataclass(frozen=True, slots=True)
class Submit:
    request: Request
    stream: Stream


@dataclass(frozen=True, slots=True)
class Cancel:
    request_id: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Between two steps, until `is_paused` is taken back."""

    request_id: str
    is_paused: bool


Message = Submit | Cancel | Pause


class InboxClosed(Exception):
    """What is put now would wait for ever; what is taken now would be served too late."""


class Inbox:
    """Any thread may put; one takes."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, message: Message) -> None:
        """Raises `InboxClosed`."""
        with self._changed:
            if self._is_closed:
                raise InboxClosed
            self._messages.append(message)
            self._changed.notify()

    def take(self, *, wait: bool) -> list[Message]:
        """All messages in order; with `wait`, at least one. Raises `InboxClosed`, whatever is still in it."""
        with self._changed:
            while wait and not self._messages and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                raise InboxClosed
            taken, self._messages = self._messages, []
            return taken

    def close(self) -> None:
        """Idempotent, from either side."""
        with self._changed:
            self._is_closed = True
            self._messages.clear()
            self._changed.notify()
