"""How a page of pictures and one opened picture read. No awaits, no queries."""

import discord

from bot.domain.gallery import Page
from bot.ui.views.gallery_pages import TurnPage
from bot.usecases.browse import OpenedPicture

SHEET_NAME = "gallery.webp"
LINE_LIMIT = 90
GREY_BLUE = 0x5865F2


def page_embed(page: Page, turn: TurnPage) -> discord.Embed:
    title = _title(turn)
    if not page.pictures:
        return discord.Embed(title=title, description=_nothing(turn), colour=GREY_BLUE)
    whose = f"Pictures of <@{turn.owner_id}>" if turn.owner_id else "Everybody's pictures"
    lines = [whose, *(f"`{place + 1}` {_short(picture.prompt)}" for place, picture in enumerate(page.pictures))]
    embed = discord.Embed(title=title, description="\n".join(lines), colour=GREY_BLUE)
    embed.set_image(url=f"attachment://{SHEET_NAME}")
    return embed.set_footer(text=_place(page))


def _place(page: Page) -> str:
    if not page.is_whole:
        return f"Page {page.number + 1} · more than {page.total} pictures"
    pictures = "picture" if page.total == 1 else "pictures"
    return f"Page {page.number + 1} of {page.page_count} · {page.total} {pictures}"


def picture_embed(opened: OpenedPicture) -> discord.Embed:
    picture, params = opened.picture, opened.job.params
    embed = discord.Embed(title="Picture", description=f"**{picture.prompt}**", colour=GREY_BLUE)
    embed.add_field(name="Seed", value=f"`{picture.seed}`")
    embed.add_field(name="Size", value=f"{picture.width} × {picture.height}")
    embed.add_field(name="Parameters", value=f"`--ar {params.aspect[0]}:{params.aspect[1]}` `--q {params.quality:g}`")
    embed.add_field(name="By", value=f"<@{picture.user_id}>")
    embed.add_field(name="Made", value=discord.utils.format_dt(picture.created_at, "f"))
    return embed.set_footer(text=f"Job {picture.job_id} · picture {picture.index + 1}")


def _title(turn: TurnPage) -> str:
    place = "Trash" if turn.trashed else "Gallery"
    return f"{place}: {turn.text}" if turn.text else place


def _nothing(turn: TurnPage) -> str:
    if turn.trashed:
        return "The trash is empty."
    if turn.text:
        return "No picture has all of these words in its prompt. Try fewer words."
    return "There are no pictures here yet. `/imagine` makes some."


def _short(prompt: str) -> str:
    line = discord.utils.escape_markdown(prompt)
    return line if len(line) <= LINE_LIMIT else line[: LINE_LIMIT - 1].rstrip("\\ ") + "…"
