"""`/info`: what a member may want to know about their account."""

import discord
from discord import app_commands

from bot.domain.job import Job
from bot.domain.prompt import Speed
from bot.ui.answering import Interaction, place_of
from bot.ui.render_gallery import GREY_BLUE
from bot.usecases.account import AccountInfo, account_info
from bot.usecases.studio import Studio

JOB_MODES = {Speed.FAST: "Fast", Speed.RELAX: "Relaxed", Speed.TURBO: "Turbo"}


def add_account(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Your plan and your jobs")
    async def info(interaction: Interaction) -> None:
        # deferred even though it is quick: client programs wait for the edit of a deferred reply
        await interaction.response.defer(ephemeral=True, thinking=True)
        account = await account_info(place_of(interaction), studio=studio)
        await interaction.edit_original_response(embed=info_embed(interaction.user.id, account))


def info_embed(user_id: int, account: AccountInfo) -> discord.Embed:
    """Keys and order as client programs read them, one `**key**: value` a line."""
    hours = account.engine_seconds / 3600
    lines = [
        f"**User ID**: {user_id}",
        f"**Subscription**: {account.plan_name} (Active)",
        f"**Job Mode**: {JOB_MODES[account.settings.speed]}",
        f"**Visibility Mode**: {account.settings.visibility.capitalize()}",
        f"**Lifetime Usage**: {account.jobs_done} images ({hours:.2f} hours)",
        "",
        f"**Queued Jobs (fast)**: {len(account.waiting)}",
        "**Queued Jobs (relax)**: 0",
        f"**Running Jobs**: {', '.join(_link(job) for job in account.running) or 'None'}",
    ]
    return discord.Embed(title="Your info", description="\n".join(lines), colour=GREY_BLUE)


def _link(job: Job) -> str:
    message = job.waiting_message
    if message is None:
        return job.id
    return f"https://discord.com/channels/{job.guild_id or '@me'}/{message.channel_id}/{message.message_id}"
