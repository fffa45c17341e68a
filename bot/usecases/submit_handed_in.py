"""A member hands in pictures of their own: to be enlarged, or drawn in the manner of another picture."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.buttons import Action, Button
from bot.domain.canvas import Size
from bot.domain.descent import check_handed_in
from bot.domain.errors import NotAllowed
from bot.domain.job import UPSCALES, Job, JobKind, MessageRef, new_job_id
from bot.domain.operation import Operation
from bot.domain.place import Place
from bot.domain.prompt import GenerationParams, shorten_echo
from bot.domain.prompt.characters import clean
from bot.domain.prompt.parameters import Visibility
from bot.domain.settings import MemberSettings
from bot.domain.upscalers import UPSCALERS
from bot.pictures import measure
from bot.usecases.admission import admit, random_seed
from bot.usecases.bring_in import bring_in
from bot.usecases.settings import settings_of
from bot.usecases.show import read_job_id
from bot.usecases.studio import Studio
from bot.usecases.submit_region import submit_region

TITLE_LIMIT = 80


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A picture by its address, and what its owner calls it."""

    url: str
    name: str

    @property
    def title(self) -> str:
        return clean(self.name.rpartition(".")[0] or self.name)[:TITLE_LIMIT].strip() or "a picture"


async def submit_upscale(picture: HandedIn, upscaler: str, place: Place, *, studio: Studio) -> Job:
    """`upscaler` is one of `UPSCALERS`. Raises `InvalidLink` or what `admit` raises."""
    kind = UPSCALERS[upscaler].kind
    operation = Operation(scale=UPSCALERS[upscaler].scale, upscaler=upscaler)
    return await _submit(kind, picture.title, operation, (picture.url,), place, studio)


async def submit_restyle(
    content: HandedIn, style: HandedIn, operation: Operation, place: Place, *, studio: Studio
) -> Job:
    """Raises `InvalidLink`, `NotAllowed` for twice the same picture, or what `admit` raises."""
    title = f"{content.title} in the manner of {style.title}"
    return await _submit(JobKind.RESTYLE, title, operation, (content.url, style.url), place, studio)


async def submit_mask(
    job_id: str, url: str, place: Place, asked_in: int, *, studio: Studio, wording: str | None = None
) -> Job:
    """Vary (Region) of a single picture with a mask that was painted elsewhere. `asked_in` names the interaction.

    Raises `NotShown`, `JobGone`, `InvalidLink` or whatever `submit_region` raises.
    """
    parent_id = read_job_id(job_id)
    async with studio.db.reading() as tx:
        await studio.require_standing(place, tx)
        parent = await tx.jobs.get(parent_id)
    mask = await studio.links.fetch(url)
    pressed = parent.result_message or MessageRef(place.channel_id, asked_in)
    button = Button(Action.VARY_REGION, parent.id)
    return await submit_region(button, mask, place, pressed, studio=studio, wording=wording)


async def _submit(
    kind: JobKind, title: str, operation: Operation, urls: tuple[str, ...], place: Place, studio: Studio
) -> Job:
    keys = await _bring_in(kind, operation, urls, place, studio)
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, studio.now())
        settings = await settings_of(place.user_id, tx)
        job = _handed_in(kind, title, replace(operation, source_keys=keys), place, settings, studio.now())
        [admitted] = await admit((job,), await studio.require_standing(place, tx), tx, studio=studio)
    return admitted


async def _bring_in(
    kind: JobKind, operation: Operation, urls: tuple[str, ...], place: Place, studio: Studio
) -> tuple[str, ...]:
    """What the pictures are kept under, once they are known to be good for it. Who may not draw has nothing fetched."""
    async with studio.db.reading() as tx:
        await studio.require_standing(place, tx)
    kept = await bring_in(urls, studio=studio)
    keys = tuple(kept[url] for url in urls)
    if len(set(keys)) < len(keys):
        raise NotAllowed("Both are the same picture. Choose another one for the style.")
    for key in keys:
        check_handed_in(kind, operation, Size(*measure(await studio.store.get(key))))
    return keys


def _handed_in(
    kind: JobKind, title: str, operation: Operation, place: Place, settings: MemberSettings, now: datetime
) -> Job:
    return Job(
        id=new_job_id(),
        kind=kind,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        door=place.door,
        locale=place.locale,
        prompt=shorten_echo(title),
        params=GenerationParams("" if kind in UPSCALES else title, seed=random_seed()),
        created_at=now,
        operation=operation,
        speed=settings.speed,
        is_stealth=settings.visibility is Visibility.STEALTH,
    )
