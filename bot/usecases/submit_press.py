"""A member presses a button under a picture: the press becomes a job, as a command does."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.buttons import Button
from bot.domain.canvas import Size
from bot.domain.descent import Origin, check_owner, check_step, find_origin, reshape
from bot.domain.errors import JobGone, PressedTwice, SlowDown, UnusableMask
from bot.domain.gallery import Picture
from bot.domain.gallery import Visibility as PictureVisibility
from bot.domain.job import HANDED_IN, UPSCALES, Job, JobKind, MessageRef, new_job_id
from bot.domain.place import Place
from bot.domain.plan import OTHERS_TERMS, Plan
from bot.domain.prompt import (
    PromptPreferences,
    PromptRules,
    Visibility,
    parse_submission,
    shorten_echo,
)
from bot.domain.prompt.aspect import find_aspect, with_aspect, without_film, without_zoom
from bot.domain.settings import MemberSettings
from bot.usecases.admission import admit, random_seed
from bot.usecases.bring_in import Kept, sources_of, with_pictures, with_sources
from bot.usecases.drawing import choose_model, plan_for_model
from bot.usecases.personal import preferences_of, with_styles
from bot.usecases.ports import Transaction
from bot.usecases.settings import settings_of
from bot.usecases.studio import Studio
from bot.usecases.style_codes import with_codes

DOUBLE_PRESS = timedelta(seconds=3)
UPSCALE_PAUSE = timedelta(minutes=1)
"""How long the same upscale of the same picture has to wait for its next turn."""


async def submit_press(
    button: Button,
    place: Place,
    pressed: MessageRef,
    *,
    studio: Studio,
    wording: str | None = None,
    mask_key: str = "",
) -> Job:
    """A button under a picture. `wording` is the whole prompt that a form was sent with, `mask_key` what to redraw.

    Raises `JobGone`, `NotAllowed`, `PressedTwice`, `SlowDown`, a `PromptError` or what `admit` raises. A split (U1-U4)
    comes back succeeded, for nothing has to be drawn; everything else comes back queued.
    """

    async def submit(kept: Kept) -> Job:
        async with studio.db.transaction() as tx:
            await tx.users.lock(place.user_id, place.user_name, studio.now())
            await studio.check_block(place.user_id, tx)
            parent = await tx.jobs.get(button.job_id)
            settings = await settings_of(place.user_id, tx)
            origin = find_origin(button, parent, strong_variations=settings.has_strong_variations)
            source = await _source_of(origin, tx)
            check_owner(parent, source, place.user_id)
            job = _child_of(parent, _marked(origin, mask_key), place, pressed, settings, studio.now())
            if wording is not None:
                reworded = await _remixed(job, wording, place, settings, tx, studio)
                job = with_sources(reworded, {**sources_of(parent), **kept})
            if source is not None:
                job = await _fitted(job, origin, parent, source, tx, is_reworded=wording is not None)
            await _check_pace(job, tx)
            if job.kind is JobKind.UPSCALE:
                return await _split(job, source, tx)
            plan_for_model(job.params, choose_model(job.params, studio))  # what it refuses must not be queued
            [admitted] = await admit((job,), await studio.require_standing(place, tx), tx, studio=studio)
        return admitted

    return await with_pictures(submit, studio=studio)


async def _source_of(origin: Origin, tx: Transaction) -> Picture | None:
    """A re-roll of words, or of pictures that were handed in, needs no kept one. Raises `JobGone`."""
    return None if origin.kind in {JobKind.REROLL, *HANDED_IN} else await tx.gallery.get(origin.source)


def _marked(origin: Origin, mask_key: str) -> Origin:
    """With what was marked now, or else before. Raises `UnusableMask`."""
    mask_key = mask_key or origin.operation.mask_key
    if origin.kind is JobKind.VARY_REGION and not mask_key:
        raise UnusableMask("Mark the part of the picture that is to be drawn anew.")
    return replace(origin, operation=replace(origin.operation, mask_key=mask_key))


def _child_of(
    parent: Job, origin: Origin, place: Place, pressed: MessageRef, settings: MemberSettings, now: datetime
) -> Job:
    """Speed is what the prompt says or else the presser's own; what comes of a private picture is private."""
    return Job(
        id=new_job_id(),
        kind=origin.kind,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        door=place.door,
        locale=place.locale,
        prompt=parent.prompt,
        params=replace(parent.params, seed=random_seed()),
        created_at=now,
        operation=origin.operation,
        parent=origin.source,
        pressed_message=pressed,
        speed=parent.params.speed or settings.speed,
        is_stealth=parent.is_stealth or (parent.params.visibility or settings.visibility) is Visibility.STEALTH,
    )


async def _remixed(
    job: Job, wording: str, place: Place, settings: MemberSettings, tx: Transaction, studio: Studio
) -> Job:
    standing = await studio.require_standing(place, tx)
    rules = _rules(job, standing.require_plan(), studio)
    known = await preferences_of(place.user_id, wording, settings, tx, studio=studio)
    [remixed] = await with_codes(await with_styles([_reworded(job, wording, known, rules)], tx), tx)
    return remixed


def _rules(job: Job, plan: Plan, studio: Studio) -> PromptRules:
    return PromptRules(
        batch_limit=1,
        has_relax=plan.has_relax,
        has_stealth=plan.has_stealth,
        takes_zoom=job.kind is JobKind.ZOOM_OUT,
        models=studio.versions,
    )


def _reworded(job: Job, wording: str, preferences: PromptPreferences, rules: PromptRules) -> Job:
    """The job with the prompt that a form was sent with; it is a remix if other words were put in.

    Settings and suffix stand in that prompt since it was first typed; only a member's own options may be new.
    """
    known = replace(preferences, suffix="", settings="")
    if job.kind is JobKind.ANIMATE:
        wording = without_film(wording)
    [parsed] = parse_submission(wording, draw=random_seed, preferences=known, rules=rules).prompts
    before, zoom = job.params, parsed.params.zoom
    aspect = find_aspect(parsed.echo) or before.aspect
    if job.kind is JobKind.VARY_REGION:
        aspect = before.aspect  # whatever was typed, the picture keeps its shape
    return replace(
        job,
        prompt=shorten_echo(with_aspect(without_zoom(parsed.echo), aspect)),
        params=replace(parsed.params, aspect=aspect, zoom=None),
        operation=job.operation if zoom is None else replace(job.operation, zoom=zoom),
        is_remix=(parsed.params.text, parsed.params.negative) != (before.text, before.negative),
    )


async def _size_of(origin: Origin, source: Picture, tx: Transaction) -> Size:
    """Of what the job starts from. A picture that was handed in is as large as what was made of it, before that."""
    size = Size(source.width, source.height)
    if not (origin.operation.starts_from_input and origin.kind in UPSCALES):
        return size
    scale = (await tx.jobs.get(origin.source.job_id)).operation.scale
    return Size(size.width // scale, size.height // scale)


async def _fitted(job: Job, origin: Origin, parent: Job, source: Picture, tx: Transaction, *, is_reworded: bool) -> Job:
    """The job in the shape that comes of its picture, and with its seed where it stays the same picture. Raises
    `NotAllowed`."""
    size = await _size_of(origin, source, tx)
    check_step(origin, parent, size)
    fitted = reshape(job, size, find_aspect(job.prompt) if is_reworded else None)
    if fitted.kind in UPSCALES | {JobKind.UPSCALE}:
        return replace(fitted, params=replace(fitted.params, seed=source.seed))
    return fitted


async def _check_pace(job: Job, tx: Transaction) -> None:
    """Raises `PressedTwice`, or `SlowDown`: the same upscale of the same picture brings the same again."""
    if await tx.jobs.has_recent(job.user_id, job, job.created_at - DOUBLE_PRESS):
        raise PressedTwice
    if job.kind in UPSCALES:
        last = await tx.jobs.find_last_start(job.user_id, job, job.created_at - UPSCALE_PAUSE)
        if last is not None:
            raise SlowDown(last + UPSCALE_PAUSE)


async def _split(job: Job, source: Picture | None, tx: Transaction) -> Job:
    """One picture of a grid becomes a job of its own, sharing the kept bytes."""
    if source is None:
        raise JobGone
    taken_out = job.succeed(job.created_at, engine_seconds=0.0)
    await tx.jobs.add(taken_out)
    await tx.gallery.add([_copy_for(taken_out, source)])
    return taken_out


def _copy_for(job: Job, source: Picture) -> Picture:
    return replace(
        source,
        job_id=job.id,
        index=0,
        user_id=job.user_id,
        prompt=job.prompt,
        created_at=job.created_at,
        visibility=PictureVisibility.PRIVATE if job.is_stealth else source.visibility,
        trashed_at=None,
        terms=source.terms if source.user_id == job.user_id else OTHERS_TERMS,
    )
