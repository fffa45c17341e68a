"""The whole bot against the stand-in Discord over real sockets; only the engine plays a script."""

import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from bot.config import Config
from bot.program import running_studio
from bot.sandbox import Member, Sent
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.wire import Json
from tests.fakes import FakeEngine
from tests.patience import PATIENT
from tests.unhurried import unhurried


@dataclass
class Scene:
    """A running bot in a running stand-in. `restart` takes the bot down and brings it up with nothing remembered."""

    sandbox: Sandbox
    engine: FakeEngine
    config: Config
    _bot: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def open(self) -> None:
        await self._bot.enter_async_context(running_studio(self.config, self.sandbox.bot_token, self.engine))

    async def close(self) -> None:
        await self._bot.aclose()

    async def restart(self) -> None:
        await self.close()
        self.engine = FakeEngine()
        await self.open()

    async def member(self, name: str = "ada") -> Member:
        return await self.sandbox.member(name)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def a_config(sandbox: Sandbox, folder: Path, **discord: object) -> Config:
    return Config.model_validate(
        {
            "database": {"url": f"sqlite+aiosqlite:///{folder / 'easel.db'}"},
            "images": {"store": str(folder / "images")},
            "discord": {"api_url": sandbox.api_url, "gateway_url": sandbox.gateway_url, **discord},
            "gallery": {"page_size": 4},
        }
    )


@pytest.fixture
async def sandbox(tmp_path: Path, empty_database: Path) -> AsyncIterator[Sandbox]:
    """With the tables that its bot will find."""
    shutil.copy(empty_database, tmp_path)
    with unhurried():
        async with Sandbox(PATIENT) as sandbox:
            yield sandbox
            assert sandbox.contract_violations == []


@pytest.fixture
async def scene(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    async with Scene(sandbox, FakeEngine(), a_config(sandbox, tmp_path)) as scene:
        yield scene


def is_result(message: Json) -> bool:
    """A finished picture, as client programs tell it: a message with an attachment, buttons and no percentage."""
    return bool(message["attachments"] and message["components"]) and "%" not in message["content"]


async def draw(member: Member, prompt: str) -> Json:
    """The grid that comes of `/imagine`."""
    sent = await member.slash("imagine", prompt=prompt)
    waiting = await member.response(sent)
    result = await next_result(member, sent)
    await member.wait_until_deleted(waiting)
    return result


async def next_result(member: Member, sent: Sent) -> Json:
    """The first finished picture that is posted after an interaction."""
    event = await member.wait_for(
        lambda event: event.name == "MESSAGE_CREATE" and is_result(event.data), since=sent.mark
    )
    return event.data


async def press_for_result(member: Member, message: Json, which: str) -> Json:
    """The picture that comes of a press."""
    return await next_result(member, await member.press(message, which))


def buttons_of(message: Json) -> dict[str, Json]:
    """By label, or by emoji where there is none."""
    buttons = [button for row in message["components"] for button in row["components"]]
    return {button.get("label") or button["emoji"]["name"]: button for button in buttons}
