"""Animate: a picture becomes a film, by a model that knows how things move where there is one.

Others draw the picture over again and again while the noise turns slowly from one seed's to another's: what moves is
what the noise decides; how much of it, `motion` says.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.canvas import Size, window_size
from bot.pictures import shrink_rgb
from bot.pictures.films import add_between, there_and_back, write_film
from bot.usecases.attempt import WHOLE, Attempt, Stretch
from bot.usecases.draw_window import at_least_one_step, is_fixed
from bot.usecases.masters import Master
from bot.usecases.requests import make_request, model_of
from engine.protocol import Ability, AnimateRequest, GenerateRequest, InitImage, ModelInfo, NoiseBlend, Pixels

DRAWN_FRAMES = 16
ROWS_PER_REQUEST = 4
BETWEEN = 2
"""Mixtures between each two drawn frames."""
LEAD_IN = 5
"""Mixtures of the picture and the first frame."""
FRAME_MILLISECONDS = 80
MOVING_MILLISECONDS = 143
"""Seven a second."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How far each frame may go from the picture, and how far the noise turns from the first frame to the last. `speed`
    is what a model of moving pictures is told, 0 to 1.
    """

    strength: float
    turn: float
    speed: float


MOTIONS = {"low": Motion(0.5, 0.5, 0.3), "high": Motion(0.75, 1.0, 0.7)}


async def draw_film(attempt: Attempt) -> Master:
    """Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`."""
    job, picture = attempt.job, await attempt.read_source()
    motion = MOTIONS.get(job.operation.motion, MOTIONS["low"])
    if Ability.FILM in model_of(attempt).abilities:
        moving = await _let_move(attempt, picture, motion)
        return await _compose(moving, MOVING_MILLISECONDS, is_loop=job.params.loop)
    frames = await _walk(attempt, picture, motion)
    film = await asyncio.to_thread(_join, picture, frames)
    return await _compose(film, FRAME_MILLISECONDS, is_loop=job.params.loop)


async def _let_move(attempt: Attempt, picture: Pixels, motion: Motion) -> tuple[Pixels, ...]:
    job = attempt.job
    return await attempt.ask(AnimateRequest("", picture, job.params.seed, motion.speed, fairness_key=str(job.user_id)))


async def _walk(attempt: Attempt, picture: Pixels, motion: Motion) -> list[Pixels]:
    job = attempt.job
    strength = motion.strength if job.operation.strength is None else job.operation.strength
    told = _start(make_request(attempt), model_of(attempt), picture, strength)
    shares = [motion.turn * number / (DRAWN_FRAMES - 1) for number in range(DRAWN_FRAMES)]
    groups = [shares[first : first + ROWS_PER_REQUEST] for first in range(0, DRAWN_FRAMES, ROWS_PER_REQUEST)]
    frames: list[Pixels] = []
    for number, group in enumerate(groups):
        frames += await _draw_frames(attempt, told, group, WHOLE.part(number, len(groups)))
    return frames


def _join(picture: Pixels, frames: Sequence[Pixels]) -> list[Pixels]:
    """Begins with the picture itself, if it has the frames' shape."""
    walk, size = add_between(frames, BETWEEN), (frames[0].width, frames[0].height)
    first = shrink_rgb(picture, max(size))
    if (first.width, first.height) != size:
        return walk
    return [*add_between((first, frames[0]), LEAD_IN)[:-1], *walk]


def _start(told: GenerateRequest, model: ModelInfo, picture: Pixels, strength: float) -> GenerateRequest:
    """In the picture's shape, but not larger than the model draws by itself: there are many frames."""
    native = Size(model.width, model.height)
    size = window_size(Size(picture.width, picture.height), native, is_fixed=is_fixed(model))
    start = InitImage(picture, at_least_one_step(strength, told.steps))
    return replace(told, init_image=start, width=size.width, height=size.height, tile=False)


async def _draw_frames(
    attempt: Attempt, told: GenerateRequest, shares: Sequence[float], stretch: Stretch
) -> tuple[Pixels, ...]:
    seed = attempt.job.params.seed
    blends = tuple(NoiseBlend((seed + 1) % 2**32, share) for share in shares)
    request = replace(told, seeds=(seed,) * len(shares), noise_blends=blends)
    return await attempt.ask(request, stretch, lambda previews: previews[:1])


async def _compose(frames: Sequence[Pixels], milliseconds: int, *, is_loop: bool) -> Master:
    shown = there_and_back(frames) if is_loop else frames
    data = await asyncio.to_thread(write_film, shown, milliseconds)
    return Master(data, frames[0].width, frames[0].height, extension="webp")
