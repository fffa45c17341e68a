"""From a finished picture to a job that goes on from it: where it starts, who may, and which shape comes of it."""

from dataclasses import dataclass, replace

from bot.domain.buttons import Action, Button
from bot.domain.canvas import Ratio, Size, check_aspect, is_same_shape, panned_aspect, plan_canvas, real_aspect
from bot.domain.errors import JobGone, NotAllowed
from bot.domain.gallery import Picture, Visibility
from bot.domain.job import HANDED_IN, OUTPAINTS, PANS, UPSCALES, Job, JobKind, PictureRef, UserId
from bot.domain.operation import Operation
from bot.domain.prompt import GenerationParams, shorten_echo
from bot.domain.prompt.aspect import with_aspect, with_film

MAX_UPSCALED_PIXELS = 4096 * 4096
LEAST_STYLED, MOST_STYLED = 16, 16
"""Pixels of a side, and how much longer the other may be: of less nobody sees a manner."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a press is about: what is done to which picture."""

    kind: JobKind
    source: PictureRef
    operation: Operation


def find_origin(button: Button, parent: Job, *, strong_variations: bool = True) -> Origin:
    """A re-roll does the same as before with the same picture, and so does upscaling what was upscaled.

    All else starts from what was pressed. Raises `JobGone` for a picture that the job never had.
    """
    kind, source, operation = button.job_kind, PictureRef(parent.id, button.index), button.operation
    if button.index >= parent.picture_count:
        raise JobGone
    if kind is JobKind.VARIATION and not strong_variations:
        kind = JobKind.VARY_SUBTLE
    is_again = kind is JobKind.REROLL and (parent.starts_from_picture or parent.kind in HANDED_IN)
    if is_again:
        kind, operation = parent.kind, parent.operation
    if is_again or (button.action is Action.ENLARGE and parent.kind in UPSCALES):
        source = parent.parent or source
        operation = replace(operation, starts_from_input=_started_from_input(parent))
    return Origin(kind, source, replace(operation, source_keys=parent.operation.source_keys))


def _started_from_input(job: Job) -> bool:
    """Rather than from a picture of ours."""
    return job.starts_from_picture and (job.parent is None or job.operation.starts_from_input)


def check_owner(parent: Job, source: Picture | None, user_id: UserId) -> None:
    """Raises `NotAllowed` for what is private to somebody else, `JobGone` or `NotAllowed` for what is in the trash."""
    if parent.is_stealth and parent.user_id != user_id:
        raise NotAllowed("These pictures are private. Only the member who made them can work on them.")
    if source is None:
        return
    if source.visibility is Visibility.PRIVATE and source.user_id != user_id:
        raise NotAllowed("This picture is private. Only the member who made it can work on it.")
    if source.trashed_at is not None:
        if source.user_id != user_id:
            raise JobGone
        raise NotAllowed("This picture is in your trash. Take it out of there first; `/gallery` shows the way.")


def check_step(origin: Origin, parent: Job, source: Size) -> None:
    """Raises `NotAllowed` for what cannot be done with such a picture."""
    kind = origin.kind
    if parent.kind is JobKind.ANIMATE and kind is not JobKind.ANIMATE:
        raise NotAllowed("That is a film. Press the button under the picture that it was made from.")
    if parent.kind in UPSCALES and kind in OUTPAINTS | {JobKind.VARY_REGION}:
        raise NotAllowed("Upscaling is the last step. Press this button under the picture before it was upscaled.")
    if kind is JobKind.MAKE_SQUARE and is_same_shape(source.ratio, 1):
        raise NotAllowed("This picture is square already.")
    check_handed_in(kind, origin.operation, source)


def check_handed_in(kind: JobKind, operation: Operation, source: Size) -> None:
    """Wherever the picture comes from. Raises `NotAllowed`."""
    if kind in UPSCALES and source.area * operation.scale**2 > MAX_UPSCALED_PIXELS:
        raise NotAllowed(
            "Upscaled, this picture of {width}x{height} would have more than 4096x4096 pixels.",
            width=source.width,
            height=source.height,
        )
    sides = source.width, source.height
    if kind is JobKind.RESTYLE and (min(sides) < LEAST_STYLED or max(sides) > MOST_STYLED * min(sides)):
        raise NotAllowed(
            "This picture is {width}x{height}. Use one with 16 pixels or more on each side, at most 16 times as long "
            "as wide.",
            width=source.width,
            height=source.height,
        )


def reshape(job: Job, source: Size, wanted: Ratio | None) -> Job:
    """The job with the ratio of the canvas that it draws, also in its prompt. `wanted` is a ratio that was typed.

    Raises `NotAllowed` beyond the limits, or when nothing would be new.
    """
    if job.kind is JobKind.ANIMATE:
        return replace(job, prompt=shorten_echo(with_film(job.prompt, job.operation.motion, job.params.aspect)))
    if job.kind not in OUTPAINTS:
        return job
    before = real_aspect(source, wanted or job.params.aspect)
    match job.kind:
        case JobKind.MAKE_SQUARE:
            aspect = (1, 1)
        case kind if kind in PANS:
            aspect = panned_aspect(before, kind)
        case _:
            aspect = wanted or before
    check_aspect(aspect, job.params.version)
    if plan_canvas(source, job.kind, job.operation.zoom, aspect).size == source:
        raise NotAllowed("Nothing would be added. Choose a `--zoom` above 1, or another `--ar`.")
    params: GenerationParams = replace(
        job.params, aspect=aspect, zoom=None, tile=False
    )  # what is added repeats nothing
    return replace(job, params=params, prompt=with_aspect(job.prompt, aspect))
