"""The ids that buttons carry, in the form that existing clients build and parse. Ids hold all there is to know."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.job import JOB_ID_PATTERN, JobId, JobKind
from bot.domain.operation import PLAIN, Operation
from bot.domain.upscalers import UPSCALERS

_JOB = f"(?P<job>{JOB_ID_PATTERN})"


class Action(StrEnum):
    UPSCALE = "upscale"
    ENLARGE = "enlarge"
    VARIATION = "variation"
    REROLL = "reroll"
    VARY_STRONG = "vary_strong"
    VARY_SUBTLE = "vary_subtle"
    VARY_REGION = "vary_region"
    ZOOM_OUT = "zoom_out"
    CUSTOM_ZOOM = "custom_zoom"
    MAKE_SQUARE = "make_square"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    PAN_UP = "pan_up"
    PAN_DOWN = "pan_down"
    ANIMATE = "animate"
    BOOKMARK = "bookmark"
    CANCEL = "cancel"
    SHOW_REPEATED = "show_repeated"


ZOOMS = {"50": 2.0, "75": 1.5}
"""By the number in the id, which is roughly the share of the new picture's sides that the old one takes."""

_SPELLING = {
    Action.UPSCALE: "MJ::JOB::upsample::{n}::{job}",
    Action.ENLARGE: "MJ::JOB::upsample_{how}::{n}::{job}::SOLO",
    Action.VARIATION: "MJ::JOB::variation::{n}::{job}",
    Action.REROLL: "MJ::JOB::reroll::0::{job}::SOLO",
    Action.VARY_STRONG: "MJ::JOB::high_variation::{n}::{job}::SOLO",
    Action.VARY_SUBTLE: "MJ::JOB::low_variation::{n}::{job}::SOLO",
    Action.VARY_REGION: "MJ::Inpaint::{n}::{job}::SOLO",
    Action.ZOOM_OUT: "MJ::Outpaint::{how}::{n}::{job}::SOLO",
    Action.CUSTOM_ZOOM: "MJ::CustomZoom::{job}",
    Action.MAKE_SQUARE: "MJ::Outpaint::100::{n}::{job}::SOLO",
    Action.PAN_LEFT: "MJ::JOB::pan_left::{n}::{job}::SOLO",
    Action.PAN_RIGHT: "MJ::JOB::pan_right::{n}::{job}::SOLO",
    Action.PAN_UP: "MJ::JOB::pan_up::{n}::{job}::SOLO",
    Action.PAN_DOWN: "MJ::JOB::pan_down::{n}::{job}::SOLO",
    Action.ANIMATE: "MJ::JOB::animate_{how}::{n}::{job}::SOLO",
    Action.BOOKMARK: "MJ::BOOKMARK::{job}",
    Action.CANCEL: "MJ::CancelJob::ByJobid::{job}",
    Action.SHOW_REPEATED: "EASEL::repeated::{n}::{job}",
}
_ALSO_UNDERSTOOD = (
    (Action.VARIATION, "MJ::JOB::variation::{n}::{job}::SOLO"),
    (Action.CUSTOM_ZOOM, "MJ::CustomZoom::{n}::{job}"),
)
_HOW = {
    Action.ENLARGE: "|".join(UPSCALERS),
    Action.ZOOM_OUT: "|".join(ZOOMS),
    Action.ANIMATE: "high|low",
}
_KINDS = {
    Action.CUSTOM_ZOOM: JobKind.ZOOM_OUT,
    **{action: JobKind(action.value) for action in Action if action.value in set(JobKind)},
}


def _pattern(action: Action, spelling: str) -> re.Pattern[str]:
    how = f"(?P<how>{_HOW.get(action, '')})"
    return re.compile(spelling.format(n="(?P<n>[1-4])", job=_JOB, how=how))


_PATTERNS = [(action, _pattern(action, spelling)) for action, spelling in (*_SPELLING.items(), *_ALSO_UNDERSTOOD)]


@dataclass(frozen=True, slots=True)
class Button:
    """`index` counts the job's pictures from 0; the ids that clients see count from 1.

    `how` is the part of the id that tells apart what one action does: which upscaler, how far, how lively.
    """

    action: Action
    job_id: JobId
    index: int = 0
    how: str = ""

    @property
    def custom_id(self) -> str:
        return _SPELLING[self.action].format(n=self.index + 1, job=self.job_id, how=self.how)

    @property
    def job_kind(self) -> JobKind:
        """The kind of job that a press starts. Raises `ValueError` where it starts none."""
        if self.action is Action.ENLARGE:
            return UPSCALERS[self.how].kind
        if self.action not in _KINDS:
            raise ValueError(f"{self.action} starts no job")
        return _KINDS[self.action]

    @property
    def operation(self) -> Operation:
        match self.action:
            case Action.ENLARGE:
                return Operation(scale=UPSCALERS[self.how].scale, upscaler=self.how)
            case Action.ZOOM_OUT:
                return Operation(zoom=ZOOMS[self.how])
            case Action.CUSTOM_ZOOM:
                return Operation(zoom=2.0)
            case Action.ANIMATE:
                return Operation(motion=self.how)
            case _:
                return PLAIN


def parse_button(custom_id: str) -> Button | None:
    """What a custom id asks for, or None when it is not one of ours."""
    for action, pattern in _PATTERNS:
        if match := pattern.fullmatch(custom_id):
            found = match.groupdict()
            return Button(action, JobId(found["job"]), int(found.get("n") or 1) - 1, found.get("how") or "")
    return None
