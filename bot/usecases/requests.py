"""What the engine is told of a job: its words, its seeds, its steps. Where a row starts from is added by who knows."""

from bot.domain.prompt import DrawingPlan
from bot.usecases.attempt import Attempt
from bot.usecases.drawing import choose_model, plan_for_model
from engine.protocol import GenerateRequest, ModelInfo, Pixels, UpscaleRequest, WeightedPart

PREVIEWS_PER_REQUEST = 4


def model_of(attempt: Attempt) -> ModelInfo:
    return choose_model(attempt.job.params, attempt.studio)


def make_request(attempt: Attempt) -> GenerateRequest:
    """As many rows as the job has pictures, in the shape that its prompt asks for. Raises `CannotDraw`."""
    job, model = attempt.job, model_of(attempt)
    plan = plan_for_model(job.params, model, job.picture_count)
    attempt.note(*plan.notes)
    guidance_scale, guidance_scales = _guidance_of(plan)
    return GenerateRequest(
        id="",  # comes when it is asked
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
        preview_every=max(1, (plan.stop_step or plan.steps) // PREVIEWS_PER_REQUEST),
        fairness_key=str(job.user_id),
    )


def make_enlargement(attempt: Attempt, picture: Pixels, scale: int) -> UpscaleRequest:
    return UpscaleRequest(id="", pixels=picture, scale=scale, fairness_key=str(attempt.job.user_id))


def _guidance_of(plan: DrawingPlan) -> tuple[float | None, tuple[float, ...]]:
    """One scale for all pictures, or one for each: not every model can do the latter."""
    scales = set(plan.guidance_scales)
    return (None, plan.guidance_scales) if len(scales) > 1 else (next(iter(scales), None), ())
