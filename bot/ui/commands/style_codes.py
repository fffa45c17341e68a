"""`/style_code`: a member keeps a style of pictures and words under a number, and decides who may use it."""

import discord
from discord import app_commands

from bot.domain.job import UserId
from bot.domain.saved_style import MAX_WORDS, SavedStyle
from bot.ui.answering import Interaction, answer_alone, place_of
from bot.ui.commands.places import everywhere
from bot.ui.render import MESSAGE_LIMIT
from bot.usecases.studio import Studio
from bot.usecases.style_codes import list_styles, remove_style, save_style, share_style
from bot.words import say, say_counted


def add_style_codes(tree: app_commands.CommandTree, studio: Studio) -> None:
    group = everywhere(app_commands.Group(name="style_code", description="Styles that you keep under numbers"))

    @group.command(description="Keep a style of pictures, of words or of both under a number")
    @app_commands.describe(
        image1="A picture in this style",
        image2="A picture in this style",
        image3="A picture in this style",
        words="Such as: misty, muted greens",
        share="Whether others may use the number at once",
    )
    async def save(
        interaction: Interaction,
        image1: discord.Attachment | None = None,
        image2: discord.Attachment | None = None,
        image3: discord.Attachment | None = None,
        words: app_commands.Range[str, 1, MAX_WORDS] = "",
        share: bool = False,
    ) -> None:
        urls = [image.url for image in (image1, image2, image3) if image is not None]

        async def work() -> str:
            style = await save_style(urls, words, place_of(interaction), is_shared=share, studio=studio)
            return "\n".join((say("Saved: add `--sref {code}` to a prompt.", code=str(style.code)), _who_may(style)))

        await answer_alone(interaction, work())

    @group.command(description="Let everybody who knows the number use your style")
    @app_commands.describe(code="The number of a style of yours")
    async def share(interaction: Interaction, code: str) -> None:
        async def work() -> str:
            return _who_may(await share_style(code, place_of(interaction), studio=studio))

        await answer_alone(interaction, work())

    @group.command(description="Forget a style of yours; pictures drawn with it stay")
    @app_commands.describe(code="The number of a style of yours")
    async def remove(interaction: Interaction, code: str) -> None:
        async def work() -> str:
            style = await remove_style(code, place_of(interaction), studio=studio)
            return say("The style {code} is gone.", code=str(style.code))

        await answer_alone(interaction, work())

    @group.command(name="list", description="The styles that you keep under numbers")
    async def list_own(interaction: Interaction) -> None:
        async def work() -> str:
            styles = await list_styles(UserId(interaction.user.id), studio=studio)
            return _listed(styles) or say("You have none yet. `/style_code save` makes one.")

        await answer_alone(interaction, work())

    tree.add_command(group)


def _who_may(style: SavedStyle) -> str:
    if style.is_shared:
        return say("Everybody who knows the number {code} can use it; nobody sees your pictures.", code=str(style.code))
    return say("Only you can use it. `/style_code share` lets others.")


def _listed(styles: list[SavedStyle]) -> str:
    """As many as a message holds."""
    lines = "\n".join(_line(style) for style in styles)
    return lines if len(lines) <= MESSAGE_LIMIT else lines[:MESSAGE_LIMIT].rpartition("\n")[0]


def _line(style: SavedStyle) -> str:
    pictures = say_counted("1 picture", "{count} pictures", count=len(style.picture_keys))
    made_of = ([pictures] if style.picture_keys else []) + ([style.words] if style.words else [])
    access = say("shared") if style.is_shared else say("yours alone")
    return f"`--sref {style.code}`: {', '.join(made_of)} ({access})"
