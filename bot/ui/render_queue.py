"""How waiting reads: the notice on a job that stands behind others of its member."""

import discord

from bot.domain.job import Job
from bot.domain.said import Said
from bot.domain.waiting import Waiting
from bot.usecases.room import COUNTED
from bot.words import say, speaking, spoken

YELLOW = 16776960
FOOTER_LIMIT = 2_048
QUEUED = Said("You have as many jobs under way as you may. This one starts by itself when another ends.")


def queued_embed(job: Job, waiting: Waiting) -> discord.Embed:
    """Client programs know it by its title, and take the effective prompt from the footer."""
    with speaking(job.locale):
        told = f"{spoken(QUEUED)}\n{_place(waiting)}"
    embed = discord.Embed(title="Job queued", description=told, colour=YELLOW)
    return embed.set_footer(text=f"/imagine {job.prompt}"[:FOOTER_LIMIT])


def _place(waiting: Waiting) -> str:
    number = Said("over {count:,}", count=COUNTED) if waiting.position > COUNTED else Said("{n:,}", n=waiting.position)
    if waiting.seconds is None:
        return say("It is number {number} in the line.", number=number)
    return say(
        "It is number {number} in the line; as things go it starts in {time}.",
        number=number,
        time=_about(waiting.seconds),
    )


def _about(seconds: float) -> Said:
    """Rounded up, and no more exact than it can be."""
    if seconds <= 50:
        rounded = max(10, -(-int(seconds + 1) // 10) * 10)
        return Said.counted("about {count} second", "about {count} seconds", count=rounded)
    minutes = -(-int(seconds + 1) // 60)
    return (
        Said("about a minute")
        if minutes == 1
        else Said.counted("about {count} minute", "about {count} minutes", count=minutes)
    )
