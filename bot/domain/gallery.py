"""Pictures as members keep and browse them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.job import JobId, PictureRef, UserId


class Visibility(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Picture:
    """One kept original ("master"). `store_key` names its bytes; they are never altered.

    `seed` made it; width and height are pixels. `terms` say what may be done with it, empty when it is older than they.
    """

    job_id: JobId
    index: int
    user_id: UserId
    prompt: str
    seed: int
    width: int
    height: int
    store_key: str
    created_at: datetime
    visibility: Visibility = Visibility.PUBLIC
    trashed_at: datetime | None = None
    terms: str = ""

    @property
    def ref(self) -> PictureRef:
        return PictureRef(self.job_id, self.index)


@dataclass(frozen=True, slots=True)
class GalleryQuery:
    """Whose pictures, seen by whom, and which: `owner_id` None means everybody's.

    `viewer_id` sees their own private pictures, of others only public ones. `text` filters by words of the prompt,
    all of which must occur, in any case.
    """

    viewer_id: UserId
    owner_id: UserId | None = None
    text: str = ""
    trashed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a gallery, newest first. `number` counts from 0; `total` pictures match in all, or more than that
    where it `is_whole` no longer."""

    pictures: tuple[Picture, ...]
    number: int
    page_size: int
    total: int
    is_whole: bool = True

    @property
    def page_count(self) -> int:
        return max(1, -(-self.total // self.page_size))

    @property
    def has_previous(self) -> bool:
        return self.number > 0

    @property
    def has_next(self) -> bool:
        return self.number + 1 < self.page_count
