"""A queue into the owner thread that can be closed: what is put later is refused instead of waiting for ever."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class InboxClosed(Exception):
    """Nobody reads this inbox any more."""


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
        """All messages in order; with `wait`, at least one."""
        with self._changed:
            while wait and not self._messages:
                self._changed.wait()
            taken, self._messages = self._messages, []
            return taken

    def close(self) -> None:
        """Whoever still has a message here is told by the owner's end."""
        with self._changed:
            self._is_closed = True
            self._messages.clear()
