"""What each kind of job asks of the engine, and what is kept of the answers."""

from bot.domain.errors import CannotDraw, JobGone
from bot.domain.job import JobKind
from bot.domain.prompt import DrawingPlan
from bot.usecases.attempt import PREVIEWS_PER_REQUEST, Attempt
from bot.usecases.drawing import choose_model, plan_for_model
from bot.usecases.masters import Master, encode_masters, read_master
from engine.protocol import GenerateRequest, InitImage, Pixels, WeightedPart

STRENGTH = {JobKind.VARIATION: 0.8, JobKind.VARY_STRONG: 0.8, JobKind.VARY_SUBTLE: 0.5}
"""How much of the source picture is forgotten, 0 to 1. V1-V4 are the strong kind, as their label in the chat says."""


async def draw(attempt: Attempt) -> tuple[Master, ...]:
    """Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`."""
    match attempt.job.kind:
        case JobKind.IMAGINE | JobKind.REROLL:
            return await _draw_prompt(attempt)
        case JobKind.VARIATION | JobKind.VARY_SUBTLE | JobKind.VARY_STRONG:
            return await _draw_prompt(attempt, await _varied(attempt))
        case _:
            raise CannotDraw("This studio cannot do that yet.")


async def _draw_prompt(attempt: Attempt, start: InitImage | None = None) -> tuple[Master, ...]:
    job = attempt.job
    model = choose_model(job.params, attempt.studio)
    plan = plan_for_model(job.params, model, job.picture_count)
    attempt.note(*plan.notes)
    guidance_scale, guidance_scales = _guidance_of(plan)
    request = GenerateRequest(
        id=attempt.next_id(),
        prompt=plan.prompt,
        negative_prompt=plan.negative_prompt,
        seeds=job.seeds,
        model=model.name,
        width=plan.width,
        height=plan.height,
        steps=plan.steps,
        stop_step=plan.stop_step,
        guidance_scale=guidance_scale,
        guidance_scales=guidance_scales,
        parts=tuple(WeightedPart(part.text, part.weight) for part in plan.parts),
        tile=plan.tile,
        init_image=start,
        references=(),  # of the plan's links, once somebody fetches them
        preview_every=max(1, (plan.stop_step or plan.steps) // PREVIEWS_PER_REQUEST),
        fairness_key=str(job.user_id),
    )
    return await encode_masters(await attempt.ask(request))


def _guidance_of(plan: DrawingPlan) -> tuple[float | None, tuple[float, ...]]:
    """One scale for all pictures, or one for each: not every model can do the latter."""
    scales = set(plan.guidance_scales)
    return (None, plan.guidance_scales) if len(scales) > 1 else (next(iter(scales), None), ())


async def _varied(attempt: Attempt) -> InitImage:
    job = attempt.job
    strength = STRENGTH[job.kind] if job.operation.strength is None else job.operation.strength
    return InitImage(await source_of(attempt), strength)


async def source_of(attempt: Attempt) -> Pixels:
    """The picture that the job starts from. Raises `JobGone`."""
    if attempt.job.parent is None:
        raise JobGone
    async with attempt.studio.db.reading() as tx:
        source = await tx.gallery.get(attempt.job.parent)
    return await read_master(source, attempt.studio)
