"""A studio to get into trouble with: stand-in Discord, the whole bot on a real file, an engine that plays a script."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.db.database import open_database
from bot.domain.job import Job, JobStatus, UserId
from bot.program import running_studio
from bot.sandbox import Member, Message, Sandbox, find_component
from bot.sandbox.wire import Json
from bot.usecases.audit_ledger import audit_ledger
from tests.fakes import FakeEngine
from tests.unhurried import unhurried


def at_once(_attempt: int) -> float:
    return 0.0


@dataclass
class Scene:
    """A running bot in a running stand-in. `restart` takes the bot down and brings it up with nothing remembered."""

    sandbox: Sandbox
    engine: FakeEngine
    config: Config
    pause: Callable[[int], float] = at_once
    parts: tuple[asyncio.Task[None], ...] = ()
    _bot: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def open(self) -> None:
        studio = running_studio(self.config, self.sandbox.bot_token, self.engine, pause=self.pause)
        self.parts = await self._bot.enter_async_context(studio)

    async def close(self) -> None:
        """Returns when every delivery that was under way has ended."""
        await self._bot.aclose()

    async def restart(self) -> None:
        await self.close()
        self.engine = FakeEngine()
        await self.open()

    async def member(self, name: str = "ada") -> Member:
        return await self.sandbox.member(name)

    async def jobs(self, name: str = "ada") -> list[Job]:
        """All jobs of a member, oldest first."""
        async with open_database(self.config.database.url) as db, db.transaction() as tx:
            return await tx.jobs.list_of_member(UserId(int(self.sandbox.user(name).id)), list(JobStatus))

    @property
    def posts(self) -> str:
        """The path on which new messages of the channel go, as a pattern for faults; direct messages go elsewhere."""
        return rf"/channels/{self.sandbox.channel('studio').id}/messages$"

    def results(self) -> list[Message]:
        """The finished pictures that stand in the channel."""
        return [item for item in self.sandbox.messages() if item.attachments and "%" not in item.content]


def a_config(sandbox: Sandbox, folder: Path, **sections: dict[str, Any]) -> Config:
    return Config.model_validate(settings(sandbox, folder) | sections)


def settings(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """Everybody has a plan, so that whatever happens is charged, and can be audited."""
    return {
        "database": {"url": f"sqlite+aiosqlite:///{folder / 'easel.db'}"},
        "images": {"store": str(folder / "images")},
        "discord": {"api_url": sandbox.api_url, "gateway_url": sandbox.gateway_url},
        "plans": {"enabled": True, "everyone": "Trouble", "tiers": [{"name": "Trouble", "fast_minutes": 600}]},
    }


@contextlib.asynccontextmanager
async def running_scene(
    sandbox: Sandbox, engine: FakeEngine, config: Config, pause: Callable[[int], float] = at_once
) -> AsyncIterator[Scene]:
    scene = Scene(sandbox, engine, config, pause)
    with unhurried():
        await scene.open()
        try:
            yield scene
        finally:
            sandbox.faults.clear()
            await scene.close()
    async with open_database(config.database.url) as db:
        assert await audit_ledger(db=db) == [], "every job is to be charged as it ended"


def is_result(message: Json) -> bool:
    """A finished picture, as client programs tell it: an attachment, buttons, no percentage."""
    return bool(message["attachments"] and message["components"]) and "%" not in message["content"]


async def draw(member: Member, prompt: str) -> Json:
    """The grid that comes of `/imagine`, once its waiting message is gone."""
    sent = await member.slash("imagine", prompt=prompt)
    waiting = await member.response(sent)
    result = await member.wait_for_message(is_result, since=sent)
    await member.wait_until_deleted(waiting)
    return result


async def refusal(member: Member, prompt: str) -> tuple[str, str]:
    """Title and sentence of what `/imagine` answers to the member alone."""
    answer = await member.response(await member.slash("imagine", prompt=prompt))
    assert answer["flags"] & 64, "told to the member alone"
    return answer["embeds"][0]["title"], answer["embeds"][0]["description"]


async def gallery_footer(member: Member, **options: Any) -> str:
    """The line below a gallery page, such as "Page 1 of 1 · 4 pictures", or what is said of an empty one."""
    sent = await member.slash("gallery", **options)
    page = await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    embed = page["embeds"][0]
    return str(embed["footer"]["text"] if "footer" in embed else embed["description"])


def has_button(message: Json, label: str) -> bool:
    try:
        find_component(message, label)
    except LookupError:
        return False
    return True
