"""How a page of pictures and one opened picture read. No awaits, no queries."""

from itertools import groupby

import discord

from bot.domain.gallery import Page
from bot.ui.views.gallery_pages import TurnPage
from bot.usecases.browse import OpenedPicture
from bot.words import say, say_counted

SHEET_NAME = "gallery.webp"
LINE_LIMIT = 90
GREY_BLUE = 0x5865F2


def page_embed(page: Page, turn: TurnPage) -> discord.Embed:
    title = _title(turn)
    if not page.pictures:
        return discord.Embed(title=title, description=_nothing(turn), colour=GREY_BLUE)
    whose = say("Pictures of {member}", member=f"<@{turn.owner_id}>") if turn.owner_id else say("Everybody's pictures")
    lines = [whose, *(f"`{places}` {_short(prompt)}" for places, prompt in list_prompts(page))]
    embed = discord.Embed(title=title, description="\n".join(lines), colour=GREY_BLUE)
    embed.set_image(url=f"attachment://{SHEET_NAME}")
    return embed.set_footer(text=_place(page))


def list_prompts(page: Page) -> list[tuple[str, str]]:
    """Each prompt with the numbers of its pictures, such as `1-4`: those of a grid stand side by side, and what they
    share need not be read four times."""
    groups = [list(group) for _, group in groupby(enumerate(page.pictures, start=1), lambda one: one[1].prompt)]
    return [
        (f"{group[0][0]}-{group[-1][0]}" if len(group) > 1 else f"{group[0][0]}", group[0][1].prompt)
        for group in groups
    ]


def _place(page: Page) -> str:
    if not page.is_whole:
        return say("Page {page} · more than {count:,} pictures", page=page.number + 1, count=page.total)
    return say_counted(
        "Page {page} of {pages} · {count:,} picture",
        "Page {page} of {pages} · {count:,} pictures",
        count=page.total,
        page=page.number + 1,
        pages=page.page_count,
    )


def picture_embed(opened: OpenedPicture) -> discord.Embed:
    picture, params = opened.picture, opened.job.params
    embed = discord.Embed(title=say("Picture"), description=f"**{picture.prompt}**", colour=GREY_BLUE)
    embed.add_field(name=say("Seed"), value=f"`{picture.seed}`")
    embed.add_field(name=say("Size"), value=f"{picture.width} × {picture.height}")
    embed.add_field(
        name=say("Parameters"), value=f"`--ar {params.aspect[0]}:{params.aspect[1]}` `--q {params.quality:g}`"
    )
    embed.add_field(name=say("By"), value=f"<@{picture.user_id}>")
    embed.add_field(name=say("Made"), value=discord.utils.format_dt(picture.created_at, "f"))
    return embed.set_footer(text=say("Job {id} · picture {number}", id=picture.job_id, number=picture.index + 1))


def _title(turn: TurnPage) -> str:
    place = say("Trash") if turn.trashed else say("Gallery")
    return f"{place}: {turn.text}" if turn.text else place


def _nothing(turn: TurnPage) -> str:
    if turn.trashed:
        return say("The trash is empty.")
    if turn.text:
        return say("No picture has all of these words in its prompt. Try fewer words.")
    return say("There are no pictures here yet. `/imagine` makes some.")


def _short(prompt: str) -> str:
    line = discord.utils.escape_markdown(prompt)
    return line if len(line) <= LINE_LIMIT else line[: LINE_LIMIT - 1].rstrip("\\ ") + "…"
