"""Values that are valid by default; a test overrides what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.config_plans import PlanSettings
from bot.domain.gallery import Picture
from bot.domain.job import Job, JobId, JobKind, UserId, new_job_id
from bot.domain.plan import Entitlement
from bot.domain.prompt.parameters import GenerationParams
from bot.offers import catalogue_of

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
ANN, BOB, CID = UserId(2**62 + 1), UserId(2), UserId(3)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_job(**changes: Any) -> Job:
    job = Job(
        id=new_job_id(),
        kind=JobKind.IMAGINE,
        user_id=ANN,
        user_name="Ann",
        channel_id=2**61,
        guild_id=77,
        prompt="a fox --ar 3:2",
        params=GenerationParams("a fox", seed=2**32 - 1, aspect=(3, 2)),
        created_at=NOW,
    )
    return replace(job, **changes)


def a_picture(job_id: JobId, index: int = 0, **changes: Any) -> Picture:
    picture = Picture(
        job_id=job_id,
        index=index,
        user_id=ANN,
        prompt="a fox",
        seed=2**32 - 1,
        width=256,
        height=192,
        store_key=f"{job_id}/{index}.png",
        created_at=NOW,
    )
    return replace(picture, **changes)


def an_entitlement(**changes: Any) -> Entitlement:
    """Each with a reference of its own."""
    proof = Entitlement(
        user_id=ANN,
        plan_name="Pro",
        source="operator",
        starts_at=after(-60),
        reference=f"operator:{new_job_id()}",
        as_of=NOW,
        ends_at=after(60),
    )
    return replace(proof, **changes)


CATALOGUE = catalogue_of(PlanSettings(enabled=True))
"""The plans of the house, on sale."""
