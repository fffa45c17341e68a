"""How waiting reads: the notice on a job that stands behind others of its member. Knows no queue."""

import discord

from bot.domain.job import Job

YELLOW = 16776960
FOOTER_LIMIT = 2_048


def queued_embed(job: Job) -> discord.Embed:
    """Client programs know it by its title, and take the effective prompt from the footer."""
    embed = discord.Embed(
        title="Job queued",
        description="You have as many jobs under way as you may. This one starts by itself when another ends.",
        colour=YELLOW,
    )
    return embed.set_footer(text=f"/imagine {job.prompt}"[:FOOTER_LIMIT])
