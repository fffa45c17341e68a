"""A member asks for pictures in words: the wish becomes jobs in the database before anything is drawn or answered.

One command may ask for several jobs. Then the member is asked first, and nothing is drawn until they say yes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.batch import KEPT, BatchId, PendingBatch, new_batch_id
from bot.domain.errors import BatchGone, NotAllowed
from bot.domain.job import Job, JobKind, new_job_id
from bot.domain.operation import PLAIN, Operation
from bot.domain.place import Place
from bot.domain.prices import Unit, price_of
from bot.domain.prompt import ParsedPrompt, PromptRules, Visibility, parse_submission, shorten_echo
from bot.domain.prompt.linked import kept_keys, links_of
from bot.domain.said import Said
from bot.domain.settings import MemberSettings
from bot.domain.standing import Standing
from bot.usecases.admission import admit, random_seed
from bot.usecases.bring_in import Kept, PicturesMissing, with_pictures, with_sources
from bot.usecases.drawing import choose_model, plan_for_model
from bot.usecases.personal import preferences_of, with_styles
from bot.usecases.ports import Transaction
from bot.usecases.settings import keep_settings, settings_of
from bot.usecases.studio import Studio
from bot.usecases.style_codes import with_codes


@dataclass(frozen=True, slots=True)
class Submitted:
    """The jobs of one command in their order; `notices` say what was understood otherwise than it was typed."""

    jobs: tuple[Job, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """Whether all of these `prompts` are to be drawn. `price` is None where nothing is charged."""

    batch: PendingBatch
    prompts: tuple[str, ...]
    price: int | None
    unit: Unit
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a prompt asks for, before anybody has agreed to it."""

    jobs: tuple[Job, ...]
    notices: tuple[str, ...]
    settings: MemberSettings
    standing: Standing


async def submit_imagine(
    prompt: str, place: Place, *, studio: Studio, kind: JobKind = JobKind.IMAGINE
) -> Submitted | BatchQuestion:
    """One job at once; a question where it would be several. Raises a `PromptError` or what `admit` raises."""

    async def submit(kept: Kept) -> Submitted | BatchQuestion:
        async with studio.db.transaction() as tx:
            wish = await _read(prompt, place, kept, tx, studio, kind)
            if len(wish.jobs) > 1:
                return await _ask(prompt, wish, place, tx, studio)
            return await _submit(wish, place, tx, studio)

    return await with_pictures(submit, studio=studio)


async def confirm_batch(batch_id: BatchId, place: Place, *, studio: Studio) -> Submitted:
    """The yes: as many jobs as the member's queue takes. Raises `BatchGone` for the second of two answers."""

    async def submit(kept: Kept) -> Submitted:
        async with studio.db.transaction() as tx:
            batch = await _own_batch(batch_id, place, tx, studio)
            wish = await _read(batch.prompt, place, kept, tx, studio)
            await _close(batch, tx)
            return await _submit(wish, place, tx, studio)

    return await with_pictures(submit, studio=studio)


async def edit_batch(batch_id: BatchId, prompt: str, place: Place, *, studio: Studio) -> Submitted | BatchQuestion:
    """Another prompt in the place of the one that was asked about."""

    async def submit(kept: Kept) -> Submitted | BatchQuestion:
        async with studio.db.transaction() as tx:
            batch = await _own_batch(batch_id, place, tx, studio)
            wish = await _read(prompt, place, kept, tx, studio)
            await _close(batch, tx)
            if len(wish.jobs) > 1:
                return await _ask(prompt, wish, place, tx, studio)
            return await _submit(wish, place, tx, studio)

    return await with_pictures(submit, studio=studio)


async def cancel_batch(batch_id: BatchId, place: Place, *, studio: Studio) -> None:
    async with studio.db.transaction() as tx:
        await _close(await _own_batch(batch_id, place, tx, studio), tx)


async def read_batch(batch_id: BatchId, place: Place, *, studio: Studio) -> PendingBatch:
    async with studio.db.reading() as tx:
        return await _own_batch(batch_id, place, tx, studio)


async def _read(
    prompt: str, place: Place, kept: Kept, tx: Transaction, studio: Studio, kind: JobKind = JobKind.IMAGINE
) -> _Wish:
    now = studio.now()
    await tx.users.lock(place.user_id, place.user_name, now)
    standing = await studio.require_standing(place, tx)
    plan = standing.require_plan()
    settings = await settings_of(place.user_id, tx)
    preferences = await preferences_of(place.user_id, prompt, settings, tx, studio=studio)
    rules = PromptRules(plan.batch_limit, plan.has_relax, plan.has_stealth, models=studio.versions)
    submission = parse_submission(prompt, draw=random_seed, preferences=preferences, rules=rules)
    imagined = [
        _imagined(parsed, kind, settings, place, now + timedelta(microseconds=number))
        for number, parsed in enumerate(submission.prompts)
    ]
    jobs = await with_codes(await with_styles(imagined, tx), tx)
    for job in jobs:
        plan_for_model(job.params, choose_model(job.params, studio))  # what it refuses must not be queued
    return _Wish(_with_all_sources(jobs, kept), submission.notices, settings, standing)


def _with_all_sources(jobs: Sequence[Job], kept: Kept) -> tuple[Job, ...]:
    """Raises `PicturesMissing`, which names those of all jobs together."""
    known = {url for job in jobs for url in kept_keys(job.params)} | kept.keys()
    if missing := {url: None for job in jobs for url in links_of(job.params) if url not in known}:
        raise PicturesMissing(missing)
    return tuple(with_sources(job, kept) for job in jobs)


async def _ask(prompt: str, wish: _Wish, place: Place, tx: Transaction, studio: Studio) -> BatchQuestion:
    now, catalogue = studio.now(), studio.catalogue
    batch = PendingBatch(new_batch_id(), place.user_id, prompt, now)
    await tx.batches.remove_before(place.user_id, now - KEPT)
    await tx.batches.add(batch)
    price = sum(price_of(job, catalogue.prices, catalogue.unit) for job in wish.jobs)
    prompts = tuple(job.prompt for job in wish.jobs)
    return BatchQuestion(batch, prompts, price if catalogue.is_charging else None, catalogue.unit, wish.notices)


async def _submit(wish: _Wish, place: Place, tx: Transaction, studio: Studio) -> Submitted:
    admitted = await admit(wish.jobs, wish.standing, tx, studio=studio)
    await keep_settings(place.user_id, wish.settings, wish.settings.after(wish.jobs[-1].params), tx)
    notices = wish.notices
    if left_out := len(wish.jobs) - len(admitted):
        told = Said(
            "Queue full: {left_out} of the {count} jobs did not fit. Send them again later.",
            left_out=left_out,
            count=len(wish.jobs),
        )
        notices = (*notices, told)
    return Submitted(admitted, notices)


async def _own_batch(batch_id: BatchId, place: Place, tx: Transaction, studio: Studio) -> PendingBatch:
    batch = await tx.batches.find(batch_id)
    if batch is None or not batch.is_open(studio.now()):
        raise BatchGone
    if batch.user_id != place.user_id:
        raise NotAllowed("Only the member who sent this prompt can answer.")
    return batch


async def _close(batch: PendingBatch, tx: Transaction) -> None:
    if not await tx.batches.remove(batch.id):
        raise BatchGone


def _imagined(parsed: ParsedPrompt, kind: JobKind, settings: MemberSettings, place: Place, now: datetime) -> Job:
    """Jobs of one command are a microsecond apart, which keeps their order."""
    params = parsed.params
    return Job(
        id=new_job_id(),
        kind=JobKind.ANIMATE if params.video else kind,
        operation=Operation(motion=params.motion) if params.video else PLAIN,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        door=place.door,
        locale=place.locale,
        prompt=shorten_echo(parsed.echo),
        params=params,
        created_at=now,
        speed=params.speed or settings.speed,
        is_stealth=(params.visibility or settings.visibility) is Visibility.STEALTH,
    )
