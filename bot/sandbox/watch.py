"""What a member has been told by the gateway, and waiting for what is still to come: always for a condition."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.transcript import render_messages
from bot.sandbox.wire import Json


class WaitedTooLong(Exception):
    """What was waited for did not come; the text carries what was seen instead."""


@dataclass(frozen=True)
class Event:
    """One gateway event as received."""

    name: str
    data: Json


@dataclass(frozen=True)
class Sent:
    """An interaction on its way: answers carry its nonce. `mark` is how many events had been seen before."""

    nonce: str
    mark: int


class Watch:
    """`events` in the order they came; `inbox` holds every message this member sees, in its present form."""

    def __init__(self, name: str, wait_seconds: float) -> None:
        self.name = name
        self.events: list[Event] = []
        self.inbox: dict[str, Json] = {}
        self._wait_seconds = wait_seconds
        self._news = asyncio.Condition()

    async def take(self, event: Event) -> None:
        async with self._news:
            self._keep(event)
            self._news.notify_all()

    async def wait_for(
        self, condition: Callable[[Event], bool], *, since: int = 0, seconds: float | None = None
    ) -> Event:
        """The first event from number `since` on that meets the condition, seen already or still to come."""
        found: list[Event] = []

        def is_there() -> bool:
            found[:] = [event for event in self.events[since:] if condition(event)][:1]
            return bool(found)

        await self._wait(is_there, seconds)
        return found[0]

    async def wait_for_message(
        self, condition: Callable[[Json], bool], *, since: Sent | None = None, seconds: float | None = None
    ) -> Json:
        """The newest message that meets the condition in its present form; with `since`, only what changed after."""
        found: list[Json] = []

        def is_there() -> bool:
            touched = {
                str(event.data["id"])
                for event in self.events[since.mark if since else 0 :]
                if event.name in ("MESSAGE_CREATE", "MESSAGE_UPDATE")
            }
            matching = [item for key, item in self.inbox.items() if key in touched and condition(item)]
            found[:] = matching[-1:]
            return bool(found)

        await self._wait(is_there, seconds)
        return found[0]

    async def response(self, sent: Sent, seconds: float | None = None) -> Json:
        """The message that answers an interaction, recognised by the nonce on its creation."""
        event = await self.wait_for(
            lambda event: event.name == "MESSAGE_CREATE" and event.data.get("nonce") == sent.nonce,
            since=sent.mark,
            seconds=seconds,
        )
        return event.data

    async def success(self, sent: Sent) -> Event:
        return await self.wait_for(
            lambda event: event.name == "INTERACTION_SUCCESS" and event.data.get("nonce") == sent.nonce
        )

    async def failure(self, sent: Sent) -> Event:
        """The "did not respond" that a member sees after three seconds."""
        return await self.wait_for(
            lambda event: event.name == "INTERACTION_FAILURE" and event.data.get("nonce") == sent.nonce
        )

    async def wait_until_deleted(self, message: Json, seconds: float | None = None) -> Event:
        return await self.wait_for(
            lambda event: event.name == "MESSAGE_DELETE" and event.data["id"] == message["id"], seconds=seconds
        )

    def _keep(self, event: Event) -> None:
        self.events.append(event)
        match event.name:
            case "MESSAGE_CREATE":
                self.inbox[event.data["id"]] = event.data
            case "MESSAGE_UPDATE":
                self.inbox[event.data["id"]] = {**self.inbox.get(event.data["id"], {}), **event.data}
            case "MESSAGE_DELETE":
                self.inbox.pop(event.data["id"], None)
            case _:
                pass

    async def _wait(self, is_there: Callable[[], bool], seconds: float | None) -> None:
        limit = self._wait_seconds if seconds is None else seconds
        try:
            async with asyncio.timeout(limit), self._news:
                await self._news.wait_for(is_there)
        except TimeoutError:
            recent = ", ".join(event.name for event in self.events[-12:])
            seen = render_messages(list(self.inbox.values()))
            raise WaitedTooLong(
                f"{self.name} waited {limit} s in vain.\nLast events: {recent}\nWhat {self.name} sees:\n{seen}"
            ) from None
