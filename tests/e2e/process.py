"""The bot as a process of its own, to be killed and started again on the same database."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.config import TOKEN_VARIABLE
from bot.db.database import open_database
from bot.domain.job import Job, JobStatus, UserId
from bot.sandbox import Message, Sandbox
from bot.usecases.audit_ledger import audit_ledger
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class House:
    """One database and one image folder; bots come and go. `wrapper` is what they are started by, `settings` comes
    after the usual ones. Without `url` the database is a file in `data`, as the images are."""

    sandbox: Sandbox
    folder: Path
    wrapper: Sequence[str] = ()
    url: str = ""
    renewal_seconds: str = "usual"
    settings: str = ""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def journal(self) -> Path:
        return self.folder / "requests.jsonl"

    @property
    def database(self) -> str:
        return self.url or f"sqlite:///{self.data / 'easel.db'}"

    @contextlib.asynccontextmanager
    async def bot(self, *, hold: str = "never") -> AsyncIterator[Process]:
        """A bot that is open for work. Killed at the end, if it still runs; a failing test shows what it said."""
        config = self.folder / "config.toml"
        config.write_text(toml_for(self.sandbox, self.data, self.database) + self.settings)
        launcher = [sys.executable, "-m", "tests.e2e.launcher", str(self.journal), hold, self.renewal_seconds]
        process = await start([*self.wrapper, *launcher, "--config", str(config), "run"], self.sandbox.bot_token)
        try:
            await opened(process)
            yield process
        finally:
            await kill(process)

    def requests(self) -> list[dict[str, Any]]:
        """What engines were asked, in all processes, in order."""
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []

    async def jobs(self, name: str = "ada") -> list[Job]:
        """All jobs of a member. Only to be asked while no bot runs, or is held."""
        async with open_database(self.database) as db, db.transaction() as tx:
            return await tx.jobs.list_of_member(UserId(int(self.sandbox.user(name).id)), list(JobStatus))

    async def audit(self) -> list[str]:
        """What cannot be true of the ledger. Only to be asked while no bot runs."""
        if not self.url and not (self.data / "easel.db").exists():
            return []
        async with open_database(self.database) as db:
            return await audit_ledger(db=db)

    def results(self) -> list[Message]:
        return [item for item in self.sandbox.messages() if item.attachments and "%" not in item.content]


async def start(command: Sequence[str], token: str = "") -> Process:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), TOKEN_VARIABLE: token}
    return await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
    )


async def opened(process: Process) -> None:
    """Until it says that it is open for work."""
    assert process.stderr is not None
    try:
        await process.stderr.readuntil(b"studio open")
    except asyncio.IncompleteReadError as left:
        raise AssertionError(f"the bot ended before it was open:\n{left.partial.decode()}") from None


def signal_all(process: Process, number: signal.Signals) -> None:
    """To the process and to what it has started."""
    os.killpg(process.pid, number)


async def kill(process: Process) -> None:
    """No goodbye: what the process had not written down is lost."""
    with contextlib.suppress(ProcessLookupError):
        signal_all(process, signal.SIGKILL)
    _, said = await process.communicate()
    sys.stderr.write(said.decode())


async def ended(process: Process) -> tuple[int, str, str]:
    """Exit status, standard output and error output, once it has ended by itself."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def stop(process: Process) -> None:
    """In order, as a supervisor does."""
    process.terminate()
    status, _, said = await ended(process)
    assert status == 0, said


def toml_for(sandbox: Sandbox, folder: Path, url: str = "") -> str:
    """Everybody has a plan, so that whatever happens is charged, and can be audited."""
    return f"""
[database]
url = "{url or f"sqlite:///{folder / 'easel.db'}"}"
[images]
store = "{folder / "images"}"
[discord]
api_url = "{sandbox.api_url}"
gateway_url = "{sandbox.gateway_url}"
[sandbox]
port = 0
[plans]
enabled = true
everyone = "Trouble"
[[plans.tiers]]
name = "Trouble"
fast_minutes = 600
"""


def a_broken_model(folder: Path) -> Path:
    """A model's folder that lost a part."""
    model = folder / "broken"
    (model / "unet").mkdir(parents=True)
    (model / "unet" / "config.json").write_text("{}")
    (model / "unet" / "model.safetensors").touch()
    (model / "model_index.json").write_text(json.dumps({"unet": ["diffusers", "UNet2DConditionModel"]}))
    return model


def model_section(model: Path) -> str:
    return f"""
[[engine.models]]
name = "broken"
family = "stable-diffusion"
source = "{model}"
"""
