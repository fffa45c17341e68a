"""`/blend`, `/style` and `/upscale`: what begins with pictures that a member hands in."""

from collections.abc import Coroutine
from typing import Any, Literal

import discord
from discord import app_commands

from bot.domain.errors import NotAllowed
from bot.domain.job import Job, JobKind
from bot.domain.operation import Operation
from bot.ui.answering import Interaction, drawing_place_of, in_time, noticed, queued_notice, show_waiting
from bot.ui.commands.places import everywhere
from bot.usecases.studio import Studio
from bot.usecases.submit_handed_in import HandedIn, submit_mask, submit_restyle, submit_upscale
from bot.usecases.submit_imagine import BatchQuestion, submit_imagine

SHAPES = {"Portrait": "--ar 2:3", "Square": "--ar 1:1", "Landscape": "--ar 3:2"}
UPSCALERS = {"Subtle": "v6r1_2x_subtle", "Creative": "v6r1_2x_creative", "4x": "v5_4x"}
SLOW_STEPS = 120


def add_handed_in(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Blend two to five pictures into a new one")
    @everywhere
    @app_commands.describe(
        image1="A picture to blend",
        image2="A picture to blend",
        dimensions="The shape of the new picture; square if left out",
        image3="A picture to blend",
        image4="A picture to blend",
        image5="A picture to blend",
    )
    @app_commands.choices(
        dimensions=[app_commands.Choice(name=name, value=value) for name, value in SHAPES.items()],
    )
    async def blend(
        interaction: Interaction,
        image1: discord.Attachment,
        image2: discord.Attachment,
        dimensions: str = "",
        image3: discord.Attachment | None = None,
        image4: discord.Attachment | None = None,
        image5: discord.Attachment | None = None,
    ) -> None:
        images = [image for image in (image1, image2, image3, image4, image5) if image is not None]
        prompt = " ".join([*(image.url for image in images), dimensions or SHAPES["Square"]])
        place = drawing_place_of(interaction)
        await interaction.response.defer(thinking=True)
        outcome = await submit_imagine(prompt, place, studio=studio, kind=JobKind.BLEND)
        if isinstance(outcome, BatchQuestion):
            raise NotAllowed("Your suffix would make several jobs of this. Clear it with `/prefer suffix`.")
        [job] = outcome.jobs
        await show_waiting(interaction, job, await queued_notice(job, studio=studio), studio=studio)

    @tree.command(description="Draw one picture in the manner of another")
    @everywhere
    @app_commands.describe(
        content="What is to be seen",
        style="The picture whose manner it gets",
        strength="How much of that manner, in percent; 70 if left out",
        keep_colours="Leave the colours as they are",
        care="Slow follows the style more closely",
    )
    async def style(
        interaction: Interaction,
        content: discord.Attachment,
        style: discord.Attachment,
        strength: app_commands.Range[int, 1, 100] = 70,
        keep_colours: bool = False,
        care: Literal["fast", "slow"] = "fast",
    ) -> None:
        operation = Operation(
            strength=strength / 100, keeps_colours=keep_colours, style_steps=SLOW_STEPS if care == "slow" else 0
        )
        work = submit_restyle(_handed(content), _handed(style), operation, drawing_place_of(interaction), studio=studio)
        await _submit(interaction, work, studio)

    @tree.command(description="Make a picture of yours larger")
    @everywhere
    @app_commands.describe(image="The picture", kind="Subtle and 4x add nothing new; Creative draws new detail")
    async def upscale(
        interaction: Interaction, image: discord.Attachment, kind: Literal["Subtle", "Creative", "4x"] = "Subtle"
    ) -> None:
        work = submit_upscale(_handed(image), UPSCALERS[kind], drawing_place_of(interaction), studio=studio)
        await _submit(interaction, work, studio)

    @tree.command(description="Draw a part of a picture anew, with a mask that you painted")
    @app_commands.describe(
        job_id="The end of the picture's file name",
        mask="The same picture, white where it is to be drawn anew and black elsewhere",
        prompt="Other words for it; its own if left out",
    )
    async def region(
        interaction: Interaction,
        job_id: app_commands.Range[str, 1, 200],
        mask: discord.Attachment,
        prompt: str | None = None,
    ) -> None:
        place = drawing_place_of(interaction)
        work = submit_mask(job_id, mask.url, place, interaction.id, studio=studio, wording=prompt)
        await _submit(interaction, work, studio)


async def _submit(interaction: Interaction, work: Coroutine[Any, Any, Job], studio: Studio) -> None:
    job, notice = await in_time(interaction, noticed(work, studio=studio))
    await show_waiting(interaction, job, notice, studio=studio)


def _handed(attachment: discord.Attachment) -> HandedIn:
    return HandedIn(attachment.url, attachment.filename)
