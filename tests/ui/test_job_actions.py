"""The buttons as Discord gets them: rows, labels, styles and ids that client programs build for themselves."""

from typing import Any

import discord

from bot.domain.buttons import Action, Button, parse_button
from bot.domain.job import JobId, JobKind, PictureRef
from bot.ui.views.job_actions import result_actions, waiting_actions
from tests.domain.factories import a_job

J = "0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60"


def rows_of(view: discord.ui.View) -> list[list[dict[str, Any]]]:
    return [row["components"] for row in view.to_components()]


def test_grid() -> None:
    first, second = rows_of(result_actions(a_job(id=JobId(J))))
    assert [button["custom_id"] for button in first] == [
        *(f"MJ::JOB::upsample::{n}::{J}" for n in (1, 2, 3, 4)),
        f"MJ::JOB::reroll::0::{J}::SOLO",
    ]
    assert [button["custom_id"] for button in second] == [f"MJ::JOB::variation::{n}::{J}" for n in (1, 2, 3, 4)]
    assert [button.get("label") for button in first] == ["U1", "U2", "U3", "U4", None]
    assert [button["label"] for button in second] == ["V1", "V2", "V3", "V4"]
    assert first[4]["emoji"]["name"] == "🔄"
    assert {button["style"] for button in first + second} == {2}


def test_single_picture() -> None:
    job = a_job(id=JobId(J), kind=JobKind.UPSCALE, parent=PictureRef(JobId(J), 2))
    (row,) = rows_of(result_actions(job))
    assert [(button["label"], button["custom_id"]) for button in row] == [
        ("Vary (Subtle)", f"MJ::JOB::low_variation::1::{J}::SOLO"),
        ("Vary (Strong)", f"MJ::JOB::high_variation::1::{J}::SOLO"),
    ]
    assert {button["emoji"]["name"] for button in row} == {"🪄"}


def test_waiting() -> None:
    ((button,),) = rows_of(waiting_actions(JobId(J)))
    assert (button["label"], button["style"], button["custom_id"]) == (
        "Cancel Job",
        4,
        f"MJ::CancelJob::ByJobid::{J}",
    )


def test_every_button_is_understood_again() -> None:
    views = [result_actions(a_job(id=JobId(J))), waiting_actions(JobId(J))]
    parsed = [parse_button(button["custom_id"]) for view in views for row in rows_of(view) for button in row]
    assert None not in parsed
    assert parsed[2] == Button(Action.UPSCALE, JobId(J), 2)


async def test_nothing_is_kept_of_a_view_that_was_sent() -> None:
    assert result_actions(a_job()).is_finished()
