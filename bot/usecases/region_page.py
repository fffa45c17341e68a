"""What the page for painting needs: the picture and its prompt, and that each link is used once."""

from bot.domain.errors import JobGone, NotAllowed, StudioError
from bot.domain.gallery import Picture, Visibility
from bot.domain.job import PictureRef, UserId
from bot.domain.place import Place
from bot.usecases.studio import Studio

USED = "region:"


class UsedLink(StudioError):
    title = "Invalid request"

    def __init__(self) -> None:
        super().__init__("This was sent already. Press Vary (Region) again to paint once more.")


async def open_page(ref: PictureRef, user_id: UserId, *, studio: Studio) -> tuple[Picture, str]:
    """Raises `JobGone` or `NotAllowed`."""
    async with studio.db.reading() as tx:
        picture = await tx.gallery.get(ref)
        job = await tx.jobs.get(ref.job_id)
    if picture.user_id != user_id and picture.visibility is Visibility.PRIVATE:
        raise NotAllowed("This picture is private. Only the member who made it can work on it.")
    if picture.trashed_at is not None:
        raise JobGone
    return picture, job.prompt


async def close_page(nonce: str, place: Place, *, studio: Studio) -> None:
    """Raises `UsedLink` for the second of two."""
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, studio.now())
        if await tx.users.find_preference(place.user_id, USED + nonce):
            raise UsedLink
        await tx.users.set_preference(place.user_id, USED + nonce, "used")


async def reopen_page(nonce: str, user_id: UserId, *, studio: Studio) -> None:
    """What was refused may be corrected and sent again."""
    async with studio.db.transaction() as tx:
        await tx.users.set_preference(user_id, USED + nonce, None)
