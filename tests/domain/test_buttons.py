"""Every button's id can be read back, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.buttons import ZOOMS, Action, Button, parse_button
from bot.domain.job import JobId, JobKind
from bot.domain.upscalers import UPSCALERS, offered_upscalers

JOB = JobId("0f9c5e1a-1b2c-4d3e-8f90-123456789abc")
UNCOUNTED = {Action.REROLL, Action.CUSTOM_ZOOM, Action.BOOKMARK, Action.CANCEL}
HOWS = {Action.ENLARGE: list(UPSCALERS), Action.ZOOM_OUT: list(ZOOMS), Action.ANIMATE: ["high", "low"]}


@given(st.sampled_from(Action), st.uuids().map(str).map(JobId), st.integers(0, 3), st.data())
def test_there_and_back(action: Action, job_id: JobId, index: int, data: st.DataObject) -> None:
    how = data.draw(st.sampled_from(HOWS.get(action, [""])))
    button = Button(action, job_id, 0 if action in UNCOUNTED else index, how)
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
        (Button(Action.VARY_REGION, JOB), f"MJ::Inpaint::1::{JOB}::SOLO"),
        (Button(Action.ZOOM_OUT, JOB, how="50"), f"MJ::Outpaint::50::1::{JOB}::SOLO"),
        (Button(Action.ZOOM_OUT, JOB, how="75"), f"MJ::Outpaint::75::1::{JOB}::SOLO"),
        (Button(Action.MAKE_SQUARE, JOB), f"MJ::Outpaint::100::1::{JOB}::SOLO"),
        (Button(Action.CUSTOM_ZOOM, JOB), f"MJ::CustomZoom::{JOB}"),
        (Button(Action.PAN_LEFT, JOB), f"MJ::JOB::pan_left::1::{JOB}::SOLO"),
        (Button(Action.PAN_RIGHT, JOB), f"MJ::JOB::pan_right::1::{JOB}::SOLO"),
        (Button(Action.PAN_UP, JOB), f"MJ::JOB::pan_up::1::{JOB}::SOLO"),
        (Button(Action.PAN_DOWN, JOB), f"MJ::JOB::pan_down::1::{JOB}::SOLO"),
        (Button(Action.ANIMATE, JOB, how="high"), f"MJ::JOB::animate_high::1::{JOB}::SOLO"),
        (Button(Action.ANIMATE, JOB, how="low"), f"MJ::JOB::animate_low::1::{JOB}::SOLO"),
        (Button(Action.BOOKMARK, JOB), f"MJ::BOOKMARK::{JOB}"),
        (Button(Action.ENLARGE, JOB, how="v5_4x"), f"MJ::JOB::upsample_v5_4x::1::{JOB}::SOLO"),
        (Button(Action.ENLARGE, JOB, how="v6_2x_subtle"), f"MJ::JOB::upsample_v6_2x_subtle::1::{JOB}::SOLO"),
        (Button(Action.ENLARGE, JOB, how="v6r1_2x_creative"), f"MJ::JOB::upsample_v6r1_2x_creative::1::{JOB}::SOLO"),
        (Button(Action.ENLARGE, JOB, how="v7_2x_subtle"), f"MJ::JOB::upsample_v7_2x_subtle::1::{JOB}::SOLO"),
    ],
)
def test_ids_are_spelled_as_clients_expect(button: Button, custom_id: str) -> None:
    assert button.custom_id == custom_id


def test_other_spellings_of_clients_are_understood() -> None:
    assert parse_button(f"MJ::CustomZoom::1::{JOB}") == Button(Action.CUSTOM_ZOOM, JOB)
    assert parse_button(f"MJ::JOB::variation::2::{JOB}::SOLO") == Button(Action.VARIATION, JOB, 1)


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
        f"MJ::Outpaint::10::1::{JOB}::SOLO",
        f"MJ::JOB::upsample_v99_2x::1::{JOB}::SOLO",
        f"MJ::JOB::animate_wild::1::{JOB}::SOLO",
    ],
)
def test_foreign_ids_are_nobodys(foreign: str) -> None:
    assert parse_button(foreign) is None


@given(st.text(max_size=120))
def test_any_text_is_safe(text: str) -> None:
    assert parse_button(text) is None


def test_buttons_name_the_jobs_that_they_start() -> None:
    started = {
        Button(action, JOB, how=how).job_kind
        for action in Action
        for how in HOWS.get(action, [""])
        if action not in (Action.BOOKMARK, Action.CANCEL, Action.SHOW_REPEATED)
    }
    assert started == set(JobKind) - {JobKind.IMAGINE, JobKind.BLEND, JobKind.RESTYLE}
    with pytest.raises(ValueError, match="cancel"):
        _ = Button(Action.CANCEL, JOB).job_kind


def test_ids_say_how_it_is_done() -> None:
    assert Button(Action.ZOOM_OUT, JOB, how="75").operation.zoom == 1.5
    assert Button(Action.ENLARGE, JOB, how="v5_4x").operation.scale == 4
    assert Button(Action.ENLARGE, JOB, how="v7_2x_creative").job_kind is JobKind.UPSCALE_CREATIVE
    assert Button(Action.ANIMATE, JOB, how="low").operation.motion == "low"


@pytest.mark.parametrize(
    ("version", "tokens"),
    [
        ("5.2", ["v5_2x", "v5_4x"]),
        ("niji 6", ["v6_2x_subtle", "v6_2x_creative"]),
        ("", ["v6r1_2x_subtle", "v6r1_2x_creative"]),
        ("3", ["v6r1_2x_subtle", "v6r1_2x_creative"]),
        ("7", ["v7_2x_subtle", "v7_2x_creative"]),
    ],
)
def test_each_version_offers_its_own_upscalers(version: str, tokens: list[str]) -> None:
    assert [upscaler.token for upscaler in offered_upscalers(version, "6.1")] == tokens
