"""The ids of the forms in which a prompt may be changed on the way to a job, in the form that existing clients build.

Clients compute the id of a form from that of the button, and some compute the same id for different buttons; so what
was pressed last is remembered beside it, and the id alone is the fallback.
"""

import re

from bot.domain.buttons import Action, Button, parse_button
from bot.domain.job import JOB_ID_PATTERN, JobId

_JOB = f"(?P<job>{JOB_ID_PATTERN})"
_PANS = {
    Action.PAN_LEFT: "left",
    Action.PAN_RIGHT: "right",
    Action.PAN_UP: "up",
    Action.PAN_DOWN: "down",
}
_VARIATIONS = frozenset({Action.VARIATION, Action.VARY_STRONG, Action.VARY_SUBTLE})
REMIXED = _VARIATIONS | _PANS.keys() | {Action.ZOOM_OUT, Action.REROLL, Action.ANIMATE}
"""The presses that ask for a changed prompt first when remix is on."""

_FORMS = (
    re.compile(rf"MJ::RemixModal::{_JOB}::(?P<n>[1-4])::(?P<strong>[01])"),
    re.compile(rf"MJ::OutpaintModal::(?P<zoom>-?[0-9]{{1,3}})::(?P<n>[1-4])::{_JOB}"),
    re.compile(rf"MJ::OutpaintCustomZoomModal::{_JOB}"),
    re.compile(rf"MJ::PanModal::(?P<pan>left|right|up|down)::{_JOB}::(?P<n>[1-4])"),
    re.compile(rf"MJ::AnimateModal::{_JOB}::(?P<n>[1-4])::(?P<motion>low|high)::[01]"),
)


def form_of(button: Button, message_id: int) -> tuple[str, str]:
    """The ids of the form that a press opens, and of its field."""
    job, n = button.job_id, button.index + 1
    match button.action:
        case Action.CUSTOM_ZOOM:
            return f"MJ::OutpaintCustomZoomModal::{job}", "MJ::OutpaintCustomZoomModal::prompt"
        case Action.ZOOM_OUT:
            return f"MJ::OutpaintModal::{button.how}::{n}::{job}", "MJ::OutpaintModal::new_prompt"
        case Action.REROLL:
            return f"MJ::ImagineModal::{message_id}", "MJ::ImagineModal::new_prompt"
        case Action.ANIMATE:
            return f"MJ::AnimateModal::{job}::{n}::{button.how}::0", "MJ::AnimateModal::prompt"
        case action if action in _PANS:
            return f"MJ::PanModal::{_PANS[action]}::{job}::{n}", "MJ::PanModal::prompt"
        case action:
            strong = 0 if action is Action.VARY_SUBTLE else 1
            return f"MJ::RemixModal::{job}::{n}::{strong}", "MJ::RemixModal::new_prompt"


def button_of(form_id: str, pressed: str, *, is_grid: bool) -> Button | None:
    """Which press a filled form completes. `pressed` is the id of the button that the member pressed last, if any."""
    found = next((match for form in _FORMS if (match := form.fullmatch(form_id))), None)
    if found is None:
        return None
    known = found.groupdict()
    last = parse_button(pressed)
    if last is not None and last.job_id == known["job"] and last.action in REMIXED | {Action.CUSTOM_ZOOM}:
        return last
    return _from_id(known, is_grid=is_grid)


def is_imagine_form(form_id: str) -> bool:
    """A form that names a message: that of a re-roll, and those of numbered prompts."""
    return re.fullmatch(r"MJ::ImagineModal::[0-9]{1,20}", form_id) is not None


def job_of(form_id: str) -> JobId | None:
    found = next((match for form in _FORMS if (match := form.fullmatch(form_id))), None)
    return JobId(found["job"]) if found else None


def _from_id(known: dict[str, str | None], *, is_grid: bool) -> Button:
    job, index = JobId(known["job"] or ""), int(known.get("n") or 1) - 1
    if pan := known.get("pan"):
        return Button(Action(f"pan_{pan}"), job, index)
    if motion := known.get("motion"):
        return Button(Action.ANIMATE, job, index, motion)
    if strong := known.get("strong"):
        single = Action.VARY_STRONG if strong == "1" else Action.VARY_SUBTLE
        return Button(Action.VARIATION if is_grid else single, job, index)
    if zoom := known.get("zoom"):
        return Button(Action.ZOOM_OUT, job, index, zoom if zoom in ("50", "75") else "50")
    return Button(Action.CUSTOM_ZOOM, job, index)
