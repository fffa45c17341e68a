"""The buttons as Discord gets them: rows, labels, styles and ids that client programs build for themselves."""

from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.domain.buttons import Action, Button, parse_button
from bot.domain.canvas import Size
from bot.domain.job import Job, JobId, JobKind, PictureRef
from bot.ui.views.job_actions import Layout, result_actions, waiting_actions
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


def single(**changes: Any) -> Job:
    return a_job(id=JobId(J), kind=JobKind.UPSCALE, parent=PictureRef(JobId(J), 2), **changes)


def as_read(view: discord.ui.View) -> list[list[tuple[str, str]]]:
    """By label, or by emoji where there is none; with the id or the address."""
    return [
        [(button.get("label") or button["emoji"]["name"], button.get("custom_id") or button["url"]) for button in row]
        for row in rows_of(view)
    ]


def test_single_picture() -> None:
    view = result_actions(single(), Layout("6.1", "https://studio.example/"), Size(256, 256))
    assert as_read(view) == [
        [
            ("Upscale (Subtle)", f"MJ::JOB::upsample_v6r1_2x_subtle::1::{J}::SOLO"),
            ("Upscale (Creative)", f"MJ::JOB::upsample_v6r1_2x_creative::1::{J}::SOLO"),
            ("Vary (Subtle)", f"MJ::JOB::low_variation::1::{J}::SOLO"),
            ("Vary (Strong)", f"MJ::JOB::high_variation::1::{J}::SOLO"),
            ("Vary (Region)", f"MJ::Inpaint::1::{J}::SOLO"),
        ],
        [
            ("Zoom Out 2x", f"MJ::Outpaint::50::1::{J}::SOLO"),
            ("Zoom Out 1.5x", f"MJ::Outpaint::75::1::{J}::SOLO"),
            ("Custom Zoom", f"MJ::CustomZoom::{J}"),
        ],
        [
            ("⬅️", f"MJ::JOB::pan_left::1::{J}::SOLO"),
            ("➡️", f"MJ::JOB::pan_right::1::{J}::SOLO"),
            ("⬆️", f"MJ::JOB::pan_up::1::{J}::SOLO"),
            ("⬇️", f"MJ::JOB::pan_down::1::{J}::SOLO"),
        ],
        [
            ("Animate (High motion)", f"MJ::JOB::animate_high::1::{J}::SOLO"),
            ("Animate (Low motion)", f"MJ::JOB::animate_low::1::{J}::SOLO"),
        ],
        [("❤️", f"MJ::BOOKMARK::{J}"), ("Web", f"https://studio.example/jobs/{J}")],
    ]
    styles = {button["style"] for row in rows_of(view) for button in row if "custom_id" in button}
    assert styles == {2}


@pytest.mark.parametrize(("size", "arrow"), [(Size(384, 256), "↕️"), (Size(256, 384), "↔️")])
def test_only_what_is_not_square_is_made_square(size: Size, arrow: str) -> None:
    button = rows_of(result_actions(single(), size=size))[1][3]
    assert (button["label"], button["emoji"]["name"]) == ("Make Square", arrow)
    assert button["custom_id"] == f"MJ::Outpaint::100::1::{J}::SOLO"


def test_no_page_no_link() -> None:
    assert as_read(result_actions(single()))[4] == [("❤️", f"MJ::BOOKMARK::{J}")]


def test_what_repeats_is_shown_two_by_two() -> None:
    tile = single(params=replace(single().params, tile=True))
    assert as_read(result_actions(tile))[4][1] == ("Show 2x2", f"EASEL::repeated::1::{J}")
    film = result_actions(replace(tile, kind=JobKind.ANIMATE))
    assert as_read(film) == [[("🔄", f"MJ::JOB::reroll::0::{J}::SOLO"), ("❤️", f"MJ::BOOKMARK::{J}")]]


def test_upscaling_is_the_last_step() -> None:
    job = replace(single(), kind=JobKind.UPSCALE_SUBTLE, params=replace(single().params, version="5.2"))
    assert [[label for label, _ in row] for row in as_read(result_actions(job))] == [
        ["Redo Upscale (2x)", "Redo Upscale (4x)"],
        ["Vary (Subtle)", "Vary (Strong)"],
        ["Animate (High motion)", "Animate (Low motion)"],
        ["❤️"],
    ]


def test_films_are_kept_or_made_again() -> None:
    film = as_read(result_actions(replace(single(), kind=JobKind.ANIMATE)))
    assert film == [[("🔄", f"MJ::JOB::reroll::0::{J}::SOLO"), ("❤️", f"MJ::BOOKMARK::{J}")]]


def test_waiting() -> None:
    ((button,),) = rows_of(waiting_actions(JobId(J)))
    assert (button["label"], button["style"], button["custom_id"]) == (
        "Cancel Job",
        4,
        f"MJ::CancelJob::ByJobid::{J}",
    )


def test_every_button_is_understood_again() -> None:
    upscaled = replace(single(), kind=JobKind.UPSCALE_CREATIVE)
    singles = [result_actions(single(), size=Size(3, 2)), result_actions(upscaled)]
    views = [result_actions(a_job(id=JobId(J))), waiting_actions(JobId(J)), *singles]
    parsed = [parse_button(button["custom_id"]) for view in views for row in rows_of(view) for button in row]
    assert None not in parsed
    assert parsed[2] == Button(Action.UPSCALE, JobId(J), 2)


async def test_nothing_is_kept_of_a_view_that_was_sent() -> None:
    assert result_actions(a_job()).is_finished()
