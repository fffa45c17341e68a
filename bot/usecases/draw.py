"""What each kind of job asks of the engine, and what is kept of the answers."""

from dataclasses import replace

from bot.domain.errors import CannotDraw
from bot.domain.job import JobKind
from bot.usecases.attempt import Attempt
from bot.usecases.draw_beyond import draw_beyond
from bot.usecases.draw_film import draw_film
from bot.usecases.draw_region import draw_region
from bot.usecases.draw_upscale import upscale, upscale_creatively
from bot.usecases.masters import Master, encode_masters
from bot.usecases.requests import make_request
from engine.protocol import InitImage

STRENGTH = {JobKind.VARIATION: 0.8, JobKind.VARY_STRONG: 0.8, JobKind.VARY_SUBTLE: 0.5}
"""How much of the source picture is forgotten, 0 to 1. V1-V4 are the strong kind, as their label in the chat says."""


async def draw(attempt: Attempt) -> tuple[Master, ...]:
    """Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`."""
    match attempt.job.kind:
        case JobKind.IMAGINE | JobKind.REROLL:
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
        case _:
            raise CannotDraw("This studio cannot do that yet.")


async def _draw_prompt(attempt: Attempt) -> tuple[Master, ...]:
    return await encode_masters(await attempt.ask(make_request(attempt)))


async def _draw_variations(attempt: Attempt) -> tuple[Master, ...]:
    job = attempt.job
    strength = STRENGTH[job.kind] if job.operation.strength is None else job.operation.strength
    start = InitImage(await attempt.read_source(), strength)
    return await encode_masters(await attempt.ask(replace(make_request(attempt), init_image=start)))
