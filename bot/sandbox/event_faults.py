"""Trouble with gateway events that a test can order: held back, doubled, or swapped with the next one."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

Trouble = Literal["hold", "double", "swap", "lose"]
Event = tuple[str, Any]


@dataclass
class EventFault:
    """The next `times` events of this name for this user meet `trouble`."""

    trouble: Trouble
    event: str
    user_id: str | None = None
    times: int = 1


class EventFaults:
    def __init__(self) -> None:
        self._faults: list[EventFault] = []
        self._swapped: dict[str, Event] = {}
        self._held: deque[tuple[str, str, Any]] = deque()

    def add(self, trouble: Trouble, event: str, *, user_id: str | None = None, times: int = 1) -> EventFault:
        fault = EventFault(trouble, event, user_id, times)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def shape(self, user_id: str, name: str, data: Any) -> list[Event]:
        """What is really sent now in place of this one event."""
        waiting = self._swapped.pop(user_id, None)
        after = [waiting] if waiting else []
        match self._take(user_id, name):
            case "hold":
                self._held.append((user_id, name, data))
                return after
            case "lose":
                return after
            case "double":
                return [(name, data), (name, data), *after]
            case "swap":
                self._swapped[user_id] = (name, data)
                return after
            case None:
                return [(name, data), *after]

    def take_held(self) -> list[tuple[str, str, Any]]:
        held = list(self._held)
        self._held.clear()
        return held

    def _take(self, user_id: str, name: str) -> Trouble | None:
        for fault in self._faults:
            if fault.times > 0 and fault.event == name and fault.user_id in (None, user_id):
                fault.times -= 1
                return fault.trouble
        return None
