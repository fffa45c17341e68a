"""What each kind of job asks of the engine, and what is kept of the answers."""

from dataclasses import replace

from bot.domain.job import JobKind
from bot.usecases.attempt import WHOLE, Attempt, Stretch
from bot.usecases.draw_beyond import draw_beyond
from bot.usecases.draw_film import draw_film
from bot.usecases.draw_region import draw_region
from bot.usecases.draw_upscale import upscale, upscale_creatively
from bot.usecases.masters import Master, encode_masters
from bot.usecases.references import STYLE_STRENGTH, borrows_style, in_borrowed_style, with_looked_at, with_references
from bot.usecases.requests import PREVIEWS_PER_REQUEST, make_request
from engine.protocol import GenerateRequest, InitImage, RestyleRequest

STRENGTH = {JobKind.VARIATION: 0.8, JobKind.VARY_STRONG: 0.8, JobKind.VARY_SUBTLE: 0.5}
"""How much of the source picture is forgotten, 0 to 1. V1-V4 are the strong kind, as their label in the chat says."""


async def draw(attempt: Attempt) -> tuple[Master, ...]:
    """Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`."""
    match attempt.job.kind:
        case JobKind.IMAGINE | JobKind.REROLL | JobKind.BLEND:
            return await _draw_prompt(attempt)
        case JobKind.VARIATION | JobKind.VARY_SUBTLE | JobKind.VARY_STRONG:
            return await _draw_variations(attempt)
        case (
            JobKind.ZOOM_OUT
            | JobKind.MAKE_SQUARE
            | JobKind.PAN_LEFT
            | JobKind.PAN_RIGHT
            | JobKind.PAN_UP
            | JobKind.PAN_DOWN
        ):
            return await encode_masters(await draw_beyond(attempt))
        case JobKind.VARY_REGION:
            return await encode_masters(await draw_region(attempt))
        case JobKind.UPSCALE_SUBTLE:
            return await encode_masters([await upscale(attempt)])
        case JobKind.UPSCALE_CREATIVE:
            return await encode_masters([await upscale_creatively(attempt)])
        case JobKind.ANIMATE:
            return (await draw_film(attempt),)
        case JobKind.RESTYLE:
            return await _restyle(attempt)
        case JobKind.UPSCALE:
            raise ValueError("a split draws nothing")


async def _draw_prompt(attempt: Attempt) -> tuple[Master, ...]:
    request = await with_references(attempt, make_request(attempt))
    return await _draw_in_style(attempt, request)


async def _draw_in_style(attempt: Attempt, request: GenerateRequest) -> tuple[Master, ...]:
    drawing, styling = (Stretch(0.0, 0.6), Stretch(0.6, 1.0)) if borrows_style(attempt) else (WHOLE, WHOLE)
    drawn = await attempt.ask(request, drawing)
    return await encode_masters(await in_borrowed_style(attempt, drawn, styling))


async def _restyle(attempt: Attempt) -> tuple[Master, ...]:
    operation = attempt.job.operation
    request = RestyleRequest(
        id="",
        content=await attempt.read_input(0),
        style=await attempt.read_input(1),
        strength=STYLE_STRENGTH if operation.strength is None else operation.strength,
        keeps_colours=operation.keeps_colours,
        steps=operation.style_steps,
        preview_every=max(1, operation.style_steps // PREVIEWS_PER_REQUEST),
        fairness_key=str(attempt.job.user_id),
    )
    return await encode_masters(await attempt.ask(request))


async def _draw_variations(attempt: Attempt) -> tuple[Master, ...]:
    job = attempt.job
    strength = STRENGTH[job.kind] if job.operation.strength is None else job.operation.strength
    start = InitImage(await attempt.read_source(), strength)
    request = await with_looked_at(attempt, make_request(attempt))
    return await _draw_in_style(attempt, replace(request, init_image=start))
