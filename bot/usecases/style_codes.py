"""Styles that members keep under numbers: saved, shared by their makers alone, and put into the jobs that name them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.errors import InvalidParameter, NotAllowed
from bot.domain.job import Job, UserId
from bot.domain.place import Place
from bot.domain.prompt.linked import as_kept, check_pictures
from bot.domain.prompt.parameters import MAX_SEED, PromptPart, StyleReference
from bot.domain.saved_style import MAX_OF_MEMBER, SavedStyle, read_code, read_words
from bot.usecases.admission import random_seed
from bot.usecases.bring_in import bring_in
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio


async def save_style(urls: Sequence[str], words: str, place: Place, *, is_shared: bool, studio: Studio) -> SavedStyle:
    """Under a number that nobody has. Raises `InvalidParameter`, `NotAllowed`, `MemberBlocked` or `InvalidLink`."""
    words = read_words(words)
    if not urls and not words:
        raise InvalidParameter("A style is made of pictures, of words, or of both. Give me some.")
    async with studio.db.reading() as tx:
        await studio.check_block(place.user_id, tx)
    kept = await bring_in(urls, studio=studio)
    keys = tuple(dict.fromkeys(kept[url] for url in urls))
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, studio.now())
        if len(await tx.style_codes.list_of_member(place.user_id)) >= MAX_OF_MEMBER:
            raise NotAllowed(
                "You have {count} styles already. Remove one before you save another.", count=MAX_OF_MEMBER
            )
        code = await _free_code(tx)
        style = SavedStyle(code, place.user_id, words, keys, studio.now(), is_shared)
        await tx.style_codes.add(style)
    return style


async def _free_code(tx: Transaction) -> int:
    while True:
        code = random_seed() % (MAX_SEED + 1)
        if await tx.style_codes.find(code) is None:
            return code


async def share_style(code: str, place: Place, *, studio: Studio) -> SavedStyle:
    """Raises `InvalidParameter` or `NotAllowed`."""
    async with studio.db.transaction() as tx:
        style = (await _get(code, tx)).shared_by(place.user_id)
        await tx.style_codes.share(style.code)
    return style


async def remove_style(code: str, place: Place, *, studio: Studio) -> SavedStyle:
    """Jobs that were drawn with it keep what they were told. Raises `InvalidParameter` or `NotAllowed`."""
    async with studio.db.transaction() as tx:
        style = await _get(code, tx)
        style.check_owner(place.user_id)
        await tx.style_codes.remove(style.code)
    return style


async def list_styles(user_id: UserId, *, studio: Studio) -> list[SavedStyle]:
    async with studio.db.reading() as tx:
        return await tx.style_codes.list_of_member(user_id)


async def _get(code: str, tx: Transaction) -> SavedStyle:
    style = await tx.style_codes.find(read_code(code))
    if style is None:
        raise InvalidParameter("Nobody saved a style as {code}. `/style_code list` shows yours.", code=code[:40])
    return style


async def with_codes(jobs: Sequence[Job], tx: Transaction) -> tuple[Job, ...]:
    """The jobs with what the saved numbers in them stand for, as it is now. Other numbers are looks of their own.

    Raises `NotAllowed` for a style that its maker has not shared, `InvalidPrompt` for too many pictures.
    """
    codes = {int(one.source) for job in jobs for one in job.params.style_references if not one.is_link}
    saved = await tx.style_codes.find_all(codes) if codes else {}
    return tuple(_with_codes(job, saved) for job in jobs)


def _with_codes(job: Job, saved: Mapping[int, SavedStyle]) -> Job:
    references: list[StyleReference] = []
    words: list[PromptPart] = []
    for reference in job.params.style_references:
        style = None if reference.is_link else saved.get(int(reference.source))
        if style is None:
            references.append(reference)
            continue
        style.check_use(job.user_id)
        references += [StyleReference(as_kept(key), reference.weight) for key in style.picture_keys]
        words += [PromptPart(style.words, reference.weight)] * bool(style.words)
    params = replace(job.params, style_references=tuple(references), style_words=tuple(words))
    check_pictures(params)
    return replace(job, params=params)
