"""Members' own styles for `--p`: made of what they like, kept under a code when used, and found by codes of others."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.errors import InvalidParameter, NotEnoughRatings
from bot.domain.job import Job, UserId
from bot.domain.prompt import PromptPreferences, find_mentions
from bot.domain.prompt.parameters import PromptPart
from bot.domain.settings import MemberSettings
from bot.domain.taste import LOOKED_AT, Style, find_taste, style_code
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio

LISTED = 20

_MAY_ASK = re.compile(r"[-‐-―−ー]\s*p")
"""A dash and a p: without them no prompt asks for a style, and nothing has to be looked up."""


async def find_style(user_id: UserId, tx: Transaction, *, studio: Studio) -> Style | None:
    """The member's style as it is now; None until enough pictures are liked that have something in common."""
    liked = await tx.styles.list_liked(user_id, max(LOOKED_AT, studio.likes_needed))
    if len(liked) < studio.likes_needed:
        return None
    words = find_taste(liked, await tx.styles.list_drawn(user_id, LOOKED_AT))
    return Style(style_code(user_id, words), user_id, words, studio.now()) if words else None


async def list_styles(user_id: UserId, *, studio: Studio) -> list[Style]:
    """The member's style as it is now first, where there is one, and those that were used."""
    async with studio.db.reading() as tx:
        now = await find_style(user_id, tx, studio=studio)
        used = await tx.styles.list_of_member(user_id, LISTED)
    return ([now] if now else []) + [style for style in used if now is None or style.code != now.code]


async def require_style(user_id: UserId, tx: Transaction, *, studio: Studio) -> None:
    """Raises `NotEnoughRatings`, with how many are missing."""
    if await find_style(user_id, tx, studio=studio):
        return
    count = len(await tx.styles.list_liked(user_id, LOOKED_AT))
    if count < studio.likes_needed:
        raise NotEnoughRatings(
            "Pictures that you like so far: {count}. A style of your own needs {needed}.",
            count=count,
            needed=studio.likes_needed,
        )
    raise NotEnoughRatings("The pictures that you like have no words in common yet. Like some more of one kind.")


async def preferences_of(
    user_id: UserId, prompt: str, settings: MemberSettings, tx: Transaction, *, studio: Studio
) -> PromptPreferences:
    """What is stored for all prompts, with the codes of the styles that this one may ask for."""
    asked = " ".join((prompt, settings.parameters, settings.suffix, *settings.options.values()))
    if not _MAY_ASK.search(asked):
        return settings.preferences()
    codes = {member: await _code_of(UserId(member), tx, studio) for member in {user_id, *find_mentions(asked)}}
    return settings.preferences(profile=codes.pop(user_id), profiles=codes)


async def _code_of(user_id: UserId, tx: Transaction, studio: Studio) -> str:
    """A style is kept when it may be used, so that its code goes on meaning the same."""
    style = await find_style(user_id, tx, studio=studio)
    if style is None:
        return ""
    await tx.styles.keep(style)
    return style.code


async def with_styles(jobs: Sequence[Job], tx: Transaction) -> tuple[Job, ...]:
    """The jobs with the words of their styles, which stay as they are now. Raises `InvalidParameter`."""
    codes = dict.fromkeys(code for job in jobs for code in job.params.profiles)
    styles = await tx.styles.find_all(codes) if codes else {}
    for code in codes:
        if code not in styles:
            raise InvalidParameter(
                "There is no style `{code}` here. `/list_personalize_codes` shows yours.", code=code[:40]
            )
    return tuple(_with_styles(job, styles) for job in jobs)


def _with_styles(job: Job, styles: Mapping[str, Style]) -> Job:
    words: dict[str, PromptPart] = {}
    for code in job.params.profiles:
        for part in styles[code].words:
            words.setdefault(part.text, part)
    return replace(job, params=replace(job.params, personal=tuple(words.values()))) if words else job
