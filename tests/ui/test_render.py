"""The lines that members and their programs read, against the forms that those programs match."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.job import Job, JobKind, JobStatus, PictureRef, UserId, new_job_id
from bot.domain.prompt import parse
from bot.domain.prompt.parameters import GenerationParams
from bot.ui.render import (
    file_name,
    preview_name,
    render_end,
    render_failed,
    render_progress,
    render_result,
    render_stopped,
    render_waiting,
)
from tests.domain.factories import a_job

ADA = UserId(5550001)


def a_shown_job(kind: JobKind = JobKind.IMAGINE, **changes: object) -> Job:
    parent = None if kind is JobKind.IMAGINE else PictureRef(new_job_id(), 1)
    return replace(a_job(user_id=ADA, prompt="a fox --ar 3:2", kind=kind, parent=parent), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (JobKind.IMAGINE, "**a fox --ar 3:2** - <@5550001> (Waiting to start)"),
        (JobKind.REROLL, "**a fox --ar 3:2** - <@5550001> (Waiting to start)"),
        (
            JobKind.VARIATION,
            "Making variations for image #2 with prompt **a fox --ar 3:2** - <@5550001> (Waiting to start)",
        ),
        (
            JobKind.VARY_SUBTLE,
            "Making variations for image #2 with prompt **a fox --ar 3:2** - <@5550001> (Waiting to start)",
        ),
        (JobKind.UPSCALE, "Upscaling image #2 with **a fox --ar 3:2** - <@5550001> (Waiting to start)"),
    ],
)
def test_waiting(kind: JobKind, line: str) -> None:
    assert render_waiting(a_shown_job(kind)) == line


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (JobKind.IMAGINE, "**a fox --ar 3:2** - <@5550001> (31%) (fast)"),
        (JobKind.REROLL, "**a fox --ar 3:2** - <@5550001> (31%) (fast)"),
        (JobKind.VARIATION, "**a fox --ar 3:2** - Variations (Strong) by <@5550001> (31%) (fast)"),
        (JobKind.VARY_STRONG, "**a fox --ar 3:2** - Variations (Strong) by <@5550001> (31%) (fast)"),
        (JobKind.VARY_SUBTLE, "**a fox --ar 3:2** - Variations (Subtle) by <@5550001> (31%) (fast)"),
    ],
)
def test_progress(kind: JobKind, line: str) -> None:
    assert render_progress(a_shown_job(kind), 0.319) == line


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (JobKind.IMAGINE, "**a fox --ar 3:2** - <@5550001> (fast)"),
        (JobKind.VARIATION, "**a fox --ar 3:2** - Variations (Strong) by <@5550001> (fast)"),
        (JobKind.VARY_SUBTLE, "**a fox --ar 3:2** - Variations (Subtle) by <@5550001> (fast)"),
        (JobKind.UPSCALE, "**a fox --ar 3:2** - Image #2 <@5550001>"),
    ],
)
def test_result(kind: JobKind, line: str) -> None:
    assert render_result(a_shown_job(kind)) == line


def test_ends_without_a_picture() -> None:
    assert render_stopped(a_shown_job()) == "**a fox --ar 3:2** - <@5550001> (Stopped)"
    assert render_failed(a_shown_job()) == "**a fox --ar 3:2** - <@5550001> (Failed)"


def test_a_picture_that_could_not_be_shown() -> None:
    line, where = render_end(a_shown_job(status=JobStatus.SUCCEEDED)).splitlines()
    assert line == "**a fox --ar 3:2** - <@5550001> (Finished)"
    assert "/gallery" in where


def test_notes_follow_in_small_print() -> None:
    job = a_shown_job(notes=("`--no` is not understood by this model.", "Drawn at 64x64."))
    assert render_result(job).splitlines() == [
        "**a fox --ar 3:2** - <@5550001> (fast)",
        "-# `--no` is not understood by this model.",
        "-# Drawn at 64x64.",
    ]


@pytest.mark.parametrize("fraction", [-0.5, 0.0, 0.999, 1.0, 1.2])
def test_progress_stays_between_0_and_100(fraction: float) -> None:
    percent = re.search(r"\((\d+)%\)", render_progress(a_shown_job(), fraction))
    assert percent
    assert 0 <= int(percent[1]) <= 100


@given(prompt=st.text(min_size=1, max_size=6_000), kind=st.sampled_from(JobKind), image=st.integers(0, 3))
def test_every_line_fits_and_shows_the_same_prompt(prompt: str, kind: JobKind, image: int) -> None:
    job = replace(
        a_shown_job(kind, prompt=prompt, parent=PictureRef(new_job_id(), image), user_id=UserId(2**64 - 1)),
        notes=("a note " * 100,),
    )
    lines = [render_waiting(job), render_progress(job, 1.0), render_result(job), render_stopped(job)]
    assert all(len(line) <= 2_000 for line in lines)
    shown = {line.split("**", 1)[1].rsplit("** - ", 1)[0] for line in lines}
    assert len(shown) == 1


@given(typed=st.text(alphabet="a*`\n\\_~|<@!everyone> ", min_size=1, max_size=80))
def test_what_clients_match_survives_what_members_type(typed: str) -> None:
    """The npm client takes the text between the first `**` pair, within one line."""
    job = a_shown_job(prompt=parse(f"fox {typed}", random_seed=1).echo)
    waiting, result = render_waiting(job), render_result(job)
    pattern = r"\*\*(.*?)\*\* - <@5550001>"
    in_waiting, in_result = re.search(pattern, waiting), re.search(pattern, result)
    assert in_waiting
    assert in_result
    assert in_waiting[1] == in_result[1] == job.prompt


def test_file_name_ends_in_the_job_id() -> None:
    job = a_shown_job(user_name="ada.l_99", params=GenerationParams("harbour, at _dusk_: & (blue-hour)!", seed=1))
    assert file_name(job, "png") == f"adal99_harbour_at_dusk_blue-hour_{job.id}.png"


def test_file_name_keeps_letters_of_any_script_and_is_cut_before_the_id() -> None:
    job = a_shown_job(user_name="ada", params=GenerationParams("лиса под луной " * 10, seed=1))
    lead = file_name(job, "webp").removesuffix(f"_{job.id}.webp")
    assert lead.startswith("ada_лиса_под_луной")
    assert len(lead) == 63


@pytest.mark.parametrize(("user", "text"), [("...", "🦊🌕"), ("", "!!!")])
def test_file_name_of_nothing_but_signs(user: str, text: str) -> None:
    job = a_shown_job(user_name=user, params=GenerationParams(text, seed=1))
    assert file_name(job, "png") == f"picture_{job.id}.png"


def test_previews_are_named_apart_from_results() -> None:
    job = a_shown_job()
    assert not preview_name(job).rpartition(".")[0].endswith(job.id)
