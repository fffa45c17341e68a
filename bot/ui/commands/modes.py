"""`/fast`, `/relax`, `/turbo`, `/stealth`, `/public`: how soon a member's jobs are drawn, and who may see them."""

from dataclasses import replace

from discord import app_commands

from bot.domain.prompt import Speed, Visibility
from bot.domain.said import Said
from bot.ui.answering import Interaction, answer_alone, place_of
from bot.usecases.settings import Change, change_settings
from bot.usecases.studio import Studio
from bot.words import spoken

DONE = "Done!"
"""Client programs know the answer by it."""
SPEEDS = {
    Speed.FAST: Said("Your jobs use fast time again. `/relax` saves it, `/info` shows what is left."),
    Speed.RELAX: Said(
        "Your jobs wait for a quiet moment and use no fast time. They may take longer; `/fast` switches back."
    ),
    Speed.TURBO: Said("Your jobs go first and use twice the fast time. `/fast` switches back."),
}
OPEN_SPEEDS = {
    Speed.FAST: Said("Your jobs are drawn as soon as it is their turn."),
    Speed.RELAX: Said("Your jobs wait for a quiet moment. They may take longer; `/fast` switches back."),
    Speed.TURBO: Said("There is no turbo speed here, so your jobs are drawn as fast ones."),
}
"""Where nothing is sold, no time is counted."""
VISIBILITIES = {
    Visibility.PUBLIC: Said("What you draw from now on can be seen in the gallery by everybody."),
    Visibility.STEALTH: Said(
        "What you draw from now on is kept out of everybody else's gallery. "
        "Those who can read the channel still see it there."
    ),
}


def add_modes(tree: app_commands.CommandTree, studio: Studio) -> None:
    _add_speed(tree, studio, Speed.FAST, "Draw with fast time")
    _add_speed(tree, studio, Speed.RELAX, "Draw when the machine is free, without fast time")
    _add_speed(tree, studio, Speed.TURBO, "Draw before others, for twice the fast time")
    _add_visibility(tree, studio, "stealth", Visibility.STEALTH, "Keep your new pictures out of others' galleries")
    _add_visibility(tree, studio, "private", Visibility.STEALTH, "The same as /stealth")
    _add_visibility(tree, studio, "public", Visibility.PUBLIC, "Show your new pictures in the gallery")


def _add_speed(tree: app_commands.CommandTree, studio: Studio, speed: Speed, description: str) -> None:
    @tree.command(name=speed.value, description=description)
    async def choose(interaction: Interaction) -> None:
        said = (SPEEDS if studio.catalogue.is_charging else OPEN_SPEEDS)[speed]
        await answer_alone(interaction, _choose(interaction, lambda held: replace(held, speed=speed), said, studio))


def _add_visibility(
    tree: app_commands.CommandTree, studio: Studio, name: str, visibility: Visibility, description: str
) -> None:
    @tree.command(name=name, description=description)
    async def choose(interaction: Interaction) -> None:
        said = VISIBILITIES[visibility]
        await answer_alone(
            interaction, _choose(interaction, lambda held: replace(held, visibility=visibility), said, studio)
        )


async def _choose(interaction: Interaction, change: Change, said: str, studio: Studio) -> str:
    await change_settings(place_of(interaction), change, studio=studio)
    return f"{DONE} {spoken(said)}"
