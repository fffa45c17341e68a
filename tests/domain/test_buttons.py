"""Every button's id can be read back, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.buttons import Action, Button, parse_button
from bot.domain.job import JobId, JobKind

JOB = JobId("0f9c5e1a-1b2c-4d3e-8f90-123456789abc")
COUNTED = {Action.UPSCALE, Action.VARIATION, Action.VARY_STRONG, Action.VARY_SUBTLE}


@given(st.sampled_from(Action), st.uuids().map(str).map(JobId), st.integers(0, 3))
def test_there_and_back(action: Action, job_id: JobId, index: int) -> None:
    button = Button(action, job_id, index if action in COUNTED else 0)
    assert parse_button(button.custom_id) == button
    assert len(button.custom_id) <= 100


@pytest.mark.parametrize(
    ("button", "custom_id"),
    [
        (Button(Action.UPSCALE, JOB, 0), f"MJ::JOB::upsample::1::{JOB}"),
        (Button(Action.VARIATION, JOB, 3), f"MJ::JOB::variation::4::{JOB}"),
        (Button(Action.REROLL, JOB), f"MJ::JOB::reroll::0::{JOB}::SOLO"),
        (Button(Action.VARY_STRONG, JOB), f"MJ::JOB::high_variation::1::{JOB}::SOLO"),
        (Button(Action.VARY_SUBTLE, JOB), f"MJ::JOB::low_variation::1::{JOB}::SOLO"),
        (Button(Action.CANCEL, JOB), f"MJ::CancelJob::ByJobid::{JOB}"),
    ],
)
def test_ids_are_spelled_as_clients_expect(button: Button, custom_id: str) -> None:
    assert button.custom_id == custom_id


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "gallery:next",
        f"MJ::JOB::upsample::0::{JOB}",
        f"MJ::JOB::upsample::5::{JOB}",
        f"MJ::JOB::upsample::1::{JOB}::SOLO",
        f"MJ::JOB::upsample::1::{JOB}\n",
        f"MJ::JOB::upsample::١::{JOB}",
        f"MJ::JOB::reroll::1::{JOB}::SOLO",
        f"MJ::JOB::upsample::1::{JOB.upper()}",
        "MJ::JOB::upsample::1::not-a-job",
        f" MJ::CancelJob::ByJobid::{JOB}",
    ],
)
def test_foreign_ids_are_nobodys(foreign: str) -> None:
    assert parse_button(foreign) is None


@given(st.text(max_size=120))
def test_any_text_is_safe(text: str) -> None:
    assert parse_button(text) is None


def test_actions_name_the_jobs_that_they_start() -> None:
    started = {action.job_kind for action in Action if action is not Action.CANCEL}
    assert len(started) == len(Action) - 1
    assert JobKind.IMAGINE not in started
    with pytest.raises(ValueError, match="cancel"):
        _ = Action.CANCEL.job_kind
