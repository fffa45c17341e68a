"""`python -m bot doctor`: looks at an installation part by part and says in plain words what is wrong."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

from bot.config import (
    STRIPE_KEY_VARIABLE,
    STRIPE_SECRET_VARIABLE,
    TOKEN_VARIABLE,
    WEB_SECRET_VARIABLE,
    Config,
)
from bot.db.connections import DatabaseUnavailable
from bot.db.database import migrate, open_database
from bot.domain.errors import StoreUnreachable, StudioError
from bot.domain.finding import Finding, Health
from bot.image_store import open_image_store
from bot.offers import catalogue_of
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
    for finding in await _check_stripe(config):
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


async def _check_stripe(config: Config) -> list[Finding]:
    if not config.stripe.prices:
        return []
    if not config.plans.enabled:
        return [Finding("stripe", Health.WARNING, "Prices are named, but plans.enabled is false: nothing is sold.")]
    findings = [*_check_secrets(config)]
    if config.stripe_key is None:
        return findings
    from bot.payments.check import check_stripe  # a quarter of a second that most studios do without

    catalogue = catalogue_of(config.plans, config.stripe.prices)
    return findings + await check_stripe(config.stripe_key.get_secret_value(), catalogue, config.stripe.api_url)


def _check_secrets(config: Config) -> Iterator[Finding]:
    """Of Stripe's two and our own, those that are missing or are something else."""
    if config.stripe_key is None:
        yield Finding("stripe key", Health.BAD, f"The environment has no {STRIPE_KEY_VARIABLE}. docs/plans.md helps.")
    secret = config.stripe_webhook_secret
    if secret is None:
        yield Finding("stripe webhook", Health.BAD, f"The environment has no {STRIPE_SECRET_VARIABLE}.")
    elif not secret.get_secret_value().startswith("whsec_"):
        yield Finding(
            "stripe webhook", Health.BAD, f"{STRIPE_SECRET_VARIABLE} is no signing secret; those begin with whsec_."
        )
    if config.web_secret is None:
        yield Finding(
            "payment links",
            Health.WARNING,
            f"The environment has no {WEB_SECRET_VARIABLE}: links to pay end when the bot restarts.",
        )
