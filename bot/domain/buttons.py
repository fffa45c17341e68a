"""The ids that buttons carry, in the form that existing clients build and parse. Ids hold all there is to know."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.job import JobId, JobKind

_UUID = r"(?P<job>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"


class Action(StrEnum):
    UPSCALE = "upscale"
    VARIATION = "variation"
    REROLL = "reroll"
    VARY_STRONG = "vary_strong"
    VARY_SUBTLE = "vary_subtle"
    CANCEL = "cancel"

    @property
    def job_kind(self) -> JobKind:
        """The kind of job that this action starts. Raises `ValueError` for those that start none."""
        return JobKind(self.value)


_SPELLING = {
    Action.UPSCALE: "MJ::JOB::upsample::{n}::{job}",
    Action.VARIATION: "MJ::JOB::variation::{n}::{job}",
    Action.REROLL: "MJ::JOB::reroll::0::{job}::SOLO",
    Action.VARY_STRONG: "MJ::JOB::high_variation::{n}::{job}::SOLO",
    Action.VARY_SUBTLE: "MJ::JOB::low_variation::{n}::{job}::SOLO",
    Action.CANCEL: "MJ::CancelJob::ByJobid::{job}",
}
PATTERNS = {
    action: spelling.replace("{n}", "(?P<n>[1-4])").replace("{job}", _UUID) for action, spelling in _SPELLING.items()
}


@dataclass(frozen=True, slots=True)
class Button:
    """`index` counts the job's pictures from 0; the ids that clients see count from 1."""

    action: Action
    job_id: JobId
    index: int = 0

    @property
    def custom_id(self) -> str:
        return _SPELLING[self.action].format(n=self.index + 1, job=self.job_id)


def parse_button(custom_id: str) -> Button | None:
    """What a custom id asks for, or None when it is not one of ours."""
    for action, pattern in PATTERNS.items():
        if match := re.fullmatch(pattern, custom_id):
            found = match.groupdict()
            return Button(action, JobId(found["job"]), int(found.get("n") or 1) - 1)
    return None
