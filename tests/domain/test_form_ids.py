"""Forms are found again by their ids, and by what was pressed where an id says too little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.buttons import Action, Button
from bot.domain.form_ids import REMIXED, button_of, form_of, job_of
from bot.domain.job import JobId

JOB = JobId("0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60")
HOW = {Action.ZOOM_OUT: "75", Action.ANIMATE: "low"}
PRESSES = [Button(action, JOB, 0, HOW.get(action, "")) for action in (*sorted(REMIXED), Action.CUSTOM_ZOOM)]


@pytest.mark.parametrize("button", PRESSES, ids=lambda button: button.action)
def test_a_form_leads_back_to_its_press(button: Button) -> None:
    form, _ = form_of(button, message_id=7)
    if button.action is Action.REROLL:
        assert (form, job_of(form)) == ("MJ::ImagineModal::7", None)
    else:
        assert job_of(form) == JOB
        assert button_of(form, button.custom_id, is_grid=False) == button


@pytest.mark.parametrize(
    ("form", "is_grid", "action", "index"),
    [
        (f"MJ::RemixModal::{JOB}::3::1", True, Action.VARIATION, 2),
        (f"MJ::RemixModal::{JOB}::1::1", False, Action.VARY_STRONG, 0),
        (f"MJ::RemixModal::{JOB}::1::0", False, Action.VARY_SUBTLE, 0),
        (f"MJ::OutpaintModal::-1::1::{JOB}", False, Action.ZOOM_OUT, 0),
        (f"MJ::PanModal::left::{JOB}::1", False, Action.PAN_LEFT, 0),
        (f"MJ::OutpaintCustomZoomModal::{JOB}", False, Action.CUSTOM_ZOOM, 0),
        (f"MJ::AnimateModal::{JOB}::1::high::0", False, Action.ANIMATE, 0),
    ],
)
def test_a_form_alone_says_enough(form: str, is_grid: bool, action: Action, index: int) -> None:
    found = button_of(form, "", is_grid=is_grid)
    assert found is not None
    assert (found.action, found.job_id, found.index) == (action, JOB, index)


def test_one_client_sends_the_form_of_a_variation_for_a_zoom() -> None:
    zoom = Button(Action.ZOOM_OUT, JOB, 0, "50")
    assert button_of(f"MJ::RemixModal::{JOB}::1::1", zoom.custom_id, is_grid=False) == zoom


def test_what_was_pressed_elsewhere_does_not_count() -> None:
    other = Button(Action.ZOOM_OUT, JobId(JOB.replace("0", "1")), 0, "50")
    found = button_of(f"MJ::RemixModal::{JOB}::1::1", other.custom_id, is_grid=False)
    assert found == Button(Action.VARY_STRONG, JOB)


@given(st.text(max_size=120))
def test_any_text_is_safe(text: str) -> None:
    assert button_of(text, text, is_grid=True) is None
