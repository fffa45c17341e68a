"""How waiting reads: the notice on a job that stands behind others of its member."""

import discord

from bot.domain.job import Job
from bot.usecases.room import COUNTED, Waiting

YELLOW = 16776960
FOOTER_LIMIT = 2_048


def queued_embed(job: Job, waiting: Waiting) -> discord.Embed:
    """Client programs know it by its title, and take the effective prompt from the footer."""
    embed = discord.Embed(
        title="Job queued",
        description="You have as many jobs under way as you may. This one starts by itself when another ends.\n"
        f"{_place(waiting)}",
        colour=YELLOW,
    )
    return embed.set_footer(text=f"/imagine {job.prompt}"[:FOOTER_LIMIT])


def _place(waiting: Waiting) -> str:
    number = f"over {COUNTED:,}" if waiting.position > COUNTED else f"{waiting.position:,}"
    place = f"It is number {number} in the line"
    return f"{place}." if waiting.seconds is None else f"{place}; as things go it starts in {_about(waiting.seconds)}."


def _about(seconds: float) -> str:
    """Rounded up, and no more exact than it can be."""
    if seconds <= 50:
        return f"about {max(10, -(-int(seconds + 1) // 10) * 10)} seconds"
    minutes = -(-int(seconds + 1) // 60)
    return "about a minute" if minutes == 1 else f"about {minutes} minutes"
