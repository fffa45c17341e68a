"""What is remembered of pictures, and of the styles that members make of them: bot.db implements it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.gallery import GalleryQuery, Page, Picture
from bot.domain.job import JobId, PictureRef, UserId
from bot.domain.prompt import GenerationParams
from bot.domain.saved_style import SavedStyle
from bot.domain.taste import Style


class Gallery(Protocol):
    async def add(self, pictures: Sequence[Picture]) -> None: ...
    async def get(self, ref: PictureRef) -> Picture:
        """Raises `JobGone`."""
        ...

    async def list_of_job(self, job_id: JobId) -> list[Picture]:
        """In the order of their index, trashed ones included."""
        ...

    async def browse(self, query: GalleryQuery, page: int, page_size: int) -> Page:
        """Newest first; a page past the end is the last one."""
        ...

    async def set_trashed(self, job_id: JobId, at: datetime | None) -> None: ...


class Likes(Protocol):
    async def add(self, user_id: UserId, job_id: JobId, now: datetime) -> None:
        """A like that is there already stays as it is."""
        ...


class Styles(Protocol):
    """Members' own styles, and the prompts that they are made of, newest first."""

    async def keep(self, style: Style) -> None:
        """One that is there already stays as it is."""
        ...

    async def find_all(self, codes: Collection[str]) -> dict[str, Style]:
        """Those that there are, by their codes."""
        ...

    async def list_of_member(self, user_id: UserId, limit: int) -> list[Style]: ...
    async def list_liked(self, user_id: UserId, limit: int) -> list[GenerationParams]: ...
    async def list_drawn(self, user_id: UserId, limit: int) -> list[GenerationParams]: ...


class StyleCodes(Protocol):
    """Styles that members saved under numbers."""

    async def add(self, style: SavedStyle) -> None: ...
    async def find(self, code: int) -> SavedStyle | None: ...
    async def find_all(self, codes: Collection[int]) -> dict[int, SavedStyle]:
        """Those that there are, by their numbers."""
        ...

    async def list_of_member(self, user_id: UserId) -> list[SavedStyle]:
        """Newest first."""
        ...

    async def share(self, code: int) -> None: ...
    async def remove(self, code: int) -> None: ...
