"""A member asks for pictures in words: the wish becomes jobs in the database before anything is drawn or answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.job import Job, JobKind, new_job_id
from bot.domain.prompt import ParsedPrompt, PromptRules, Visibility, parse_submission, shorten_echo
from bot.domain.settings import MemberSettings
from bot.usecases.admission import Place, admit, random_seed
from bot.usecases.drawing import choose_model, plan_for_model
from bot.usecases.settings import keep_settings, settings_of
from bot.usecases.studio import Studio


@dataclass(frozen=True, slots=True)
class Submitted:
    """The jobs of one command in their order; `notices` say what was understood otherwise than it was typed."""

    jobs: tuple[Job, ...]
    notices: tuple[str, ...]


async def submit_imagine(prompt: str, place: Place, *, studio: Studio) -> Submitted:
    """One job, or one for each choice of a permutation or repeat: all of them or none.

    Raises a `PromptError` or what `admit` raises.
    """
    now = studio.now()
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, now)
        plan = await studio.plan_of(place, tx)
        settings = await settings_of(place.user_id, tx)
        rules = PromptRules(plan.batch_limit, plan.has_relax, plan.has_stealth, models=studio.versions)
        submission = parse_submission(prompt, draw=random_seed, preferences=settings.preferences(), rules=rules)
        jobs = tuple(
            _imagined(parsed, settings, place, now + timedelta(microseconds=number))
            for number, parsed in enumerate(submission.prompts)
        )
        for job in jobs:
            plan_for_model(job.params, choose_model(job.params, studio))  # what it refuses must not be queued
        admitted = await admit(jobs, place, tx, studio=studio)
        await keep_settings(place.user_id, settings, settings.after(jobs[-1].params), tx)
    return Submitted(admitted, submission.notices)


def _imagined(parsed: ParsedPrompt, settings: MemberSettings, place: Place, now: datetime) -> Job:
    """Jobs of one command are a microsecond apart, which keeps their order."""
    return Job(
        id=new_job_id(),
        kind=JobKind.IMAGINE,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        prompt=shorten_echo(parsed.echo),
        params=parsed.params,
        created_at=now,
        speed=parsed.params.speed or settings.speed,
        is_stealth=(parsed.params.visibility or settings.visibility) is Visibility.STEALTH,
    )
