"""A queue into the owner thread. Closing it is how the thread is told to end, and how it says that it has ended."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class InboxClosed(Exception):
    """What is put now would wait for ever; what is taken now would be served too late."""


class Inbox(Generic[T]):
    def __init__(self) -> None:
        self._messages: list[T] = []
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, message: T) -> None:
        with self._changed:
            if self._is_closed:
                raise InboxClosed
            self._messages.append(message)
            self._changed.notify()

    def take(self, *, wait: bool) -> list[T]:
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
