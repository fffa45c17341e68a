"""`python -m bot doctor`: looks at an installation part by part and says in plain words what is wrong."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from bot.config import TOKEN_VARIABLE, Config
from bot.db.database import DatabaseUnavailable, migrate, open_database
from bot.domain.errors import StoreUnreachable, StudioError
from bot.domain.finding import Finding, Health
from bot.image_store import open_image_store
from bot.program import engine_config
from bot.ui.check import check_discord
from bot.ui.endpoints import point_discord_at
from engine.protocol import EngineStartError

LITTLE_DISK = 2 * 1024**3
MARKS = {Health.GOOD: "✓", Health.WARNING: "!", Health.BAD: "✗"}


async def examine(config: Config) -> int:
    """Prints each finding as it is made. Returns the number of bad ones."""
    bad = 0
    async for finding in _findings(config):
        print(f"{MARKS[finding.health]} {finding.subject}: {finding.sentence}", flush=True)
        bad += finding.health is Health.BAD
    print("Everything that was looked at is fine." if not bad else f"{bad} to repair.")
    return bad


async def _findings(config: Config) -> AsyncIterator[Finding]:
    yield _check_disk(config)
    yield await _check_database(config)
    yield await _check_store(config)
    yield await asyncio.to_thread(_check_device)
    yield await _check_engine(config)
    for finding in await _check_token(config):
        yield finding


def _check_disk(config: Config) -> Finding:
    folder = Path.cwd() if "://" in config.images.store else Path(config.images.store)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < LITTLE_DISK:
        return Finding("disk", Health.WARNING, f"Only {free / 1024**3:.1f} GiB are free; a grid takes a few megabytes.")
    return Finding("disk", Health.GOOD, f"{free / 1024**3:.0f} GiB free.")


async def _check_database(config: Config) -> Finding:
    started = time.perf_counter()
    try:
        await migrate(config.database.url)
        database = open_database(config.database.url)
        async with database.transaction() as tx:
            await tx.jobs.list_waiting(1)
        await database.close()
    except DatabaseUnavailable as trouble:
        return Finding("database", Health.BAD, str(trouble))
    return Finding("database", Health.GOOD, f"Up to date, answers in {time.perf_counter() - started:.2f} s.")


async def _check_store(config: Config) -> Finding:
    try:
        store = open_image_store(config.images.store)
        await store.check()
    except StoreUnreachable as trouble:
        return Finding("image store", Health.BAD, f"{trouble.why[0].upper()}{trouble.why[1:]}.")
    except (StudioError, OSError, ValueError) as trouble:
        return Finding("image store", Health.BAD, f"{config.images.store} cannot be written: {trouble}")
    return Finding("image store", Health.GOOD, f"{config.images.store} can be written.")


def _check_device() -> Finding:
    import torch  # costs a second and 300 MB, which only this check needs here

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 1024**3
        return Finding("gpu", Health.GOOD, f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB.")
    if shutil.which("nvidia-smi") and subprocess.run(["nvidia-smi"], capture_output=True, check=False).returncode == 0:
        return Finding(
            "gpu", Health.BAD, f"There is one, but torch {torch.__version__} cannot use it. Install torch's CUDA build."
        )
    return Finding("gpu", Health.WARNING, "None found. The starter runs well on the processor; large models do not.")


async def _check_engine(config: Config) -> Finding:
    from engine.local import LocalEngine  # loads torch

    engine = LocalEngine(replace(engine_config(config), compile="off"))  # which would take minutes
    try:
        await engine.start()
        names = ", ".join(f"{model.name} ({model.width}x{model.height})" for model in engine.list_models())
        return Finding("models", Health.GOOD, f"{names} loaded.")
    except EngineStartError as trouble:
        return Finding("models", Health.BAD, str(trouble))
    finally:
        await engine.stop()


async def _check_token(config: Config) -> list[Finding]:
    if config.token is None:
        return [
            Finding("token", Health.BAD, f"The environment has no {TOKEN_VARIABLE}. The README says where to get one.")
        ]
    if config.discord.api_url:
        point_discord_at(config.discord.api_url, config.discord.gateway_url)
    return await check_discord(config.token.get_secret_value())
