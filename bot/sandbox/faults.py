"""Trouble with HTTP requests that a test can order: an error answer, a cut wire, or a pause."""

import asyncio
import re
from dataclasses import dataclass, field

from bot.sandbox.wire import Json, Reply


@dataclass
class Fault:
    """The next `times` requests whose path (after `/api/vN`) matches are answered with `status`, or cut.

    `cut="before"` breaks the connection before any work; `cut="after"` does the work and loses the answer."""

    method: str
    path: str
    status: int = 500
    code: int = 0
    message: str = ""
    retry_after: float = 0.05
    is_global: bool = False
    cut: str | None = None
    times: int = 1
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in (method, "*") and re.search(self.path, path) is not None

    def reply(self) -> Reply:
        if self.status == 429:
            body: Json = {
                "message": "You are being rate limited.",
                "retry_after": self.retry_after,
                "global": self.is_global,
            }
            headers = {"Retry-After": str(self.retry_after), "Via": "1.1 sandbox"}
            scope = {"X-RateLimit-Global": "true"} if self.is_global else {"X-RateLimit-Scope": "shared"}
            return Reply(429, body, headers | scope)
        default_message, default_code = DEFAULTS.get(self.status, (f"{self.status}: Fault", 0))
        body = {"message": self.message or default_message, "code": self.code or default_code}
        return Reply(self.status, body)


DEFAULTS = {
    401: ("401: Unauthorized", 0),
    403: ("Missing Permissions", 50013),
    404: ("Unknown Channel", 10003),
    413: ("Request entity too large", 40005),
    500: ("500: Internal Server Error", 0),
    502: ("502: Bad Gateway", 0),
    503: ("503: Service Unavailable", 0),
}


@dataclass
class Hold:
    """Requests that match wait here until `release`; `reached` is set when the first one arrives."""

    method: str
    path: str
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, method: str, path: str) -> bool:
        return self.method in (method, "*") and re.search(self.path, path) is not None

    def release(self) -> None:
        self._open.set()

    async def wait(self) -> None:
        self.reached.set()
        await self._open.wait()


class Faults:
    """The faults and holds in force, first added first used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._holds: list[Hold] = []

    def add(
        self,
        method: str,
        path: str,
        *,
        status: int = 500,
        code: int = 0,
        message: str = "",
        times: int = 1,
        retry_after: float = 0.05,
        is_global: bool = False,
        cut: str | None = None,
    ) -> Fault:
        """Order trouble; `path` is a regular expression searched in e.g. `/channels/12/messages`."""
        fault = Fault(method, path, status, code, message, retry_after, is_global, cut, times)
        self._faults.append(fault)
        return fault

    def hold(self, method: str, path: str) -> Hold:
        hold = Hold(method, path)
        self._holds.append(hold)
        return hold

    def clear(self) -> None:
        self._faults.clear()
        for hold in self._holds:
            hold.release()
        self._holds.clear()

    def take(self, method: str, path: str) -> Fault | None:
        fault = next((item for item in self._faults if item.matches(method, path)), None)
        if fault is not None:
            fault.times -= 1
            fault.hits += 1
        return fault

    async def wait_for_holds(self, method: str, path: str) -> None:
        for hold in [item for item in self._holds if item.matches(method, path)]:
            await hold.wait()
