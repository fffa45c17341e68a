"""A member presses a button under a picture: the press becomes a job, as a command does."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.buttons import Action, Button
from bot.domain.errors import JobGone, PressedTwice
from bot.domain.gallery import Picture
from bot.domain.job import Job, JobKind, MessageRef, PictureRef, new_job_id
from bot.domain.prompt import Visibility
from bot.domain.settings import MemberSettings
from bot.usecases.admission import Place, admit, random_seed
from bot.usecases.ports import Transaction
from bot.usecases.settings import settings_of
from bot.usecases.studio import Studio

DOUBLE_PRESS = timedelta(seconds=3)


async def submit_press(button: Button, place: Place, pressed: MessageRef, *, studio: Studio) -> Job:
    """A button under a picture. Raises `JobGone`, `PressedTwice` or what `admit` raises.

    A split (U1-U4) comes back succeeded, for nothing has to be drawn; everything else comes back queued.
    """
    now = studio.now()
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, now)
        parent = await tx.jobs.get(button.job_id)
        settings = await settings_of(place.user_id, tx)
        job = _child_of(parent, button, place, pressed, settings, now)
        if await tx.jobs.has_recent(place.user_id, job, now - DOUBLE_PRESS):
            raise PressedTwice
        if button.action is Action.UPSCALE:
            return await _split(job, tx)
        [admitted] = await admit((job,), place, tx, studio=studio)
    return admitted


def _child_of(
    parent: Job, button: Button, place: Place, pressed: MessageRef, settings: MemberSettings, now: datetime
) -> Job:
    """A re-roll of variations makes new variations of the same picture; all else starts from what was pressed.

    Speed is what the prompt says or else the presser's own; what comes of a private picture is private.
    """
    kind, source = button.action.job_kind, PictureRef(parent.id, button.index)
    if kind is JobKind.VARIATION and not settings.has_strong_variations:
        kind = JobKind.VARY_SUBTLE
    if button.index >= parent.picture_count:
        raise JobGone
    if kind is JobKind.REROLL and parent.starts_from_picture:
        kind, source = parent.kind, parent.parent or source
    return Job(
        id=new_job_id(),
        kind=kind,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        prompt=parent.prompt,
        params=replace(parent.params, seed=random_seed()),
        created_at=now,
        parent=source,
        pressed_message=pressed,
        speed=parent.params.speed or settings.speed,
        is_stealth=parent.is_stealth or (parent.params.visibility or settings.visibility) is Visibility.STEALTH,
    )


async def _split(job: Job, tx: Transaction) -> Job:
    """One picture of a grid becomes a job of its own, sharing the kept bytes."""
    if job.parent is None:
        raise JobGone
    source = await tx.gallery.get(job.parent)
    job = replace(job, params=replace(job.params, seed=source.seed)).succeed(job.created_at, engine_seconds=0.0)
    await tx.jobs.add(job)
    await tx.gallery.add([_copy_for(job, source)])
    return job


def _copy_for(job: Job, source: Picture) -> Picture:
    return replace(
        source,
        job_id=job.id,
        index=0,
        user_id=job.user_id,
        prompt=job.prompt,
        created_at=job.created_at,
        trashed_at=None,
    )
