"""The buttons of a gallery: number buttons open a picture, arrows turn the page. Their ids hold the whole query."""

import re
from dataclasses import dataclass, replace

import discord

from bot.domain.gallery import GalleryQuery, Page
from bot.domain.job import JOB_ID_PATTERN, Job, JobId, PictureRef, UserId
from bot.pictures import SHEET_COLUMNS
from bot.ui.views.job_actions import written
from bot.words import say

SEARCH_LIMIT = 40
"""Characters of a search text; an id holds 100 in all."""
BUTTONS_A_ROW = SHEET_COLUMNS
"""As the pictures stand above them."""
OPENED_AT_ONCE = 4 * BUTTONS_A_ROW
"""Four rows of numbers at most; the row below turns the page."""

_JOB = f"(?P<job>{JOB_ID_PATTERN})"
_PAGE = re.compile(r"EASEL::gallery::(?P<page>-?\d{1,6})::(?P<owner>\d{1,20}|all)::(?P<kind>kept|trash)::(?P<text>.*)")
_PICTURE = re.compile(rf"EASEL::picture::{_JOB}::(?P<index>\d)")
_SHOW = re.compile(rf"EASEL::show::{_JOB}")
_CHANGE = re.compile(rf"EASEL::(?P<change>trash|restore)::{_JOB}")


@dataclass(frozen=True, slots=True)
class TurnPage:
    """Show page `number` (from 0) of somebody's pictures; `owner_id` None means everybody's."""

    number: int
    owner_id: UserId | None
    text: str = ""
    trashed: bool = False

    @property
    def custom_id(self) -> str:
        kind = "trash" if self.trashed else "kept"
        return f"EASEL::gallery::{self.number}::{self.owner_id or 'all'}::{kind}::{self.text[:SEARCH_LIMIT]}"

    def query_of(self, viewer_id: UserId) -> GalleryQuery:
        """Everybody sees their own trash only, whatever an id that was made up may say."""
        return GalleryQuery(viewer_id, viewer_id if self.trashed else self.owner_id, self.text, self.trashed)


@dataclass(frozen=True, slots=True)
class OpenPicture:
    ref: PictureRef

    @property
    def custom_id(self) -> str:
        return f"EASEL::picture::{self.ref.job_id}::{self.ref.index}"


@dataclass(frozen=True, slots=True)
class MoveJob:
    """Put a job's pictures into the trash, or take them out of it."""

    job_id: JobId
    into_trash: bool

    @property
    def custom_id(self) -> str:
        return f"EASEL::{'trash' if self.into_trash else 'restore'}::{self.job_id}"


@dataclass(frozen=True, slots=True)
class ShowJob:
    """Post a job again, with all that can be done with it."""

    job_id: JobId

    @property
    def custom_id(self) -> str:
        return f"EASEL::show::{self.job_id}"


GalleryButton = TurnPage | OpenPicture | MoveJob | ShowJob


def parse_gallery_button(custom_id: str) -> GalleryButton | None:
    if found := _PAGE.fullmatch(custom_id):
        owner = None if found["owner"] == "all" else UserId(int(found["owner"]))
        return TurnPage(int(found["page"]), owner, found["text"], found["kind"] == "trash")
    if found := _PICTURE.fullmatch(custom_id):
        return OpenPicture(PictureRef(JobId(found["job"]), int(found["index"])))
    if found := _SHOW.fullmatch(custom_id):
        return ShowJob(JobId(found["job"]))
    if found := _CHANGE.fullmatch(custom_id):
        return MoveJob(JobId(found["job"]), found["change"] == "trash")
    return None


def page_actions(page: Page, turn: TurnPage) -> discord.ui.View:
    numbers = [
        discord.ui.Button[discord.ui.View](
            label=str(place + 1), custom_id=OpenPicture(picture.ref).custom_id, row=place // BUTTONS_A_ROW
        )
        for place, picture in enumerate(page.pictures[:OPENED_AT_ONCE])
    ]
    last_row = -(-len(numbers) // BUTTONS_A_ROW)
    return written([*numbers, *_arrows(page, turn, last_row)])


def _arrows(page: Page, turn: TurnPage, row: int) -> list[discord.ui.Button[discord.ui.View]]:
    before, after = replace(turn, number=page.number - 1), replace(turn, number=page.number + 1)
    return [
        discord.ui.Button(label=say("◀ Previous"), custom_id=before.custom_id, disabled=not page.has_previous, row=row),
        discord.ui.Button(label=say("Next ▶"), custom_id=after.custom_id, disabled=not page.has_next, row=row),
    ]


def picture_actions(job: Job, viewer_id: UserId, *, is_trashed: bool, can_show: bool) -> discord.ui.View | None:
    """None for somebody else's picture, with which a viewer can do nothing. `can_show`: whether it may be posted."""
    if job.user_id != viewer_id:
        return None
    move = discord.ui.Button[discord.ui.View](
        label=_name_move(job, is_trashed), custom_id=MoveJob(job.id, not is_trashed).custom_id
    )
    if is_trashed or not can_show:
        return written([move])
    show = discord.ui.Button[discord.ui.View](label=say("Show in the chat"), custom_id=ShowJob(job.id).custom_id)
    return written([show, move])


def _name_move(job: Job, is_trashed: bool) -> str:
    """A grid goes as a whole, which nobody should have to find out."""
    if job.picture_count == 1:
        return say("Take out of the trash") if is_trashed else say("Move to the trash")
    if is_trashed:
        return say("Take all {count} out of the trash", count=job.picture_count)
    return say("Move all {count} to the trash", count=job.picture_count)
