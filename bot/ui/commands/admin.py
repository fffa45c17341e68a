"""`/admin`: what operators do to members and to the queue. Everything is checked against the settings first, answered
to the operator alone, and written down by the use cases."""

from typing import Literal

import discord
from discord import app_commands

from bot.domain.errors import InvalidParameter, JobGone, NotAllowed
from bot.domain.job import JobId, UserId
from bot.domain.oversight import BLOCK_LENGTHS, Operator, Operators, QueueState
from bot.domain.prices import Unit
from bot.ui.answering import Interaction
from bot.ui.render_admin import STATES, blocked_text, log_embed, queue_embed, reports_embed, statistics_embed
from bot.ui.render_settings import quote
from bot.usecases.cancel import cancel_any_job
from bot.usecases.oversee import (
    block_member,
    give_plan,
    give_time,
    hold_queue,
    look_at_queue,
    read_log,
    read_reports,
    read_statistics,
    revoke_gifts,
    unblock_member,
)
from bot.usecases.studio import Studio

HOUR = 3600
SHOWN_ACTS = 15
SHOWN_REPORTS = 10
Days = app_commands.Range[int, 1, 3_650]
Amount = app_commands.Range[float, 0.01, 1_000_000.0]
Length = Literal["15 minutes", "1 hour", "6 hours", "1 day", "1 week", "2 weeks", "1 month", "for good"]
UNITS = {Unit.GPU_SECONDS: "hours of fast time", Unit.CREDITS: "credits"}


def add_admin(tree: app_commands.CommandTree, studio: Studio, operators: Operators) -> None:
    admin = AdminGroup(
        operators,
        name="admin",
        description="For the operators of the studio",
        default_permissions=discord.Permissions(administrator=True),
    )
    for add in (_add_grants, _add_blocks, _add_queue, _add_figures):
        add(admin, studio)
    tree.add_command(admin)


class AdminGroup(app_commands.Group):
    """Asks the settings before every one of its commands, for servers may let others see them."""

    def __init__(
        self,
        operators: Operators,
        *,
        name: str,
        description: str,
        default_permissions: discord.Permissions | None = None,
    ) -> None:
        super().__init__(name=name, description=description, default_permissions=default_permissions)
        self._operators = operators

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        can_manage = interaction.permissions.manage_guild
        try:
            self._operators.check(interaction.user.id, interaction.guild_id, can_manage=can_manage)
        except NotAllowed as refusal:
            raise app_commands.CheckFailure from refusal  # the only kind that discord.py hands to our table of errors
        return True

    def add_group(self, name: str, description: str) -> "AdminGroup":
        """discord.py asks a command's own group only, so a group within the group asks for itself."""
        group = AdminGroup(self._operators, name=name, description=description)
        self.add_command(group)
        return group


def operator_of(interaction: Interaction) -> Operator:
    return Operator(interaction.user.id, interaction.user.name)


async def _tell(interaction: Interaction, text: str) -> None:
    await interaction.edit_original_response(content=text, allowed_mentions=discord.AllowedMentions.none())


def _add_grants(admin: AdminGroup, studio: Studio) -> None:
    grant = admin.add_group("grant", "Give a member a plan or time")

    @grant.command(name="plan", description="Give a member a plan")
    @app_commands.describe(member="Whom", plan="Its name", days="How long; without it until revoked")
    async def grant_plan(interaction: Interaction, member: discord.User, plan: str, days: Days | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        given = await give_plan(
            UserId(member.id), plan, days, str(interaction.id), operator_of(interaction), studio=studio
        )
        end = f"until <t:{int(given.ends_at.timestamp())}>" if given.ends_at else "until you revoke it"
        await _tell(interaction, f"{member.mention} has {given.plan_name} {end}.")

    @grant_plan.autocomplete("plan")
    async def suggest(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:  # noqa: ARG001
        names = [plan.name for plan in studio.catalogue.plans if typed.lower() in plan.name.lower()]
        return [app_commands.Choice(name=name, value=name) for name in names[:25]]

    @grant.command(name="time", description="Give a member fast time or credits")
    @app_commands.describe(member="Whom", amount="Hours, or credits where the studio counts those")
    async def grant_time(interaction: Interaction, member: discord.User, amount: Amount) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        whole = round(amount * HOUR) if studio.catalogue.unit is Unit.GPU_SECONDS else round(amount)
        if not whole:
            raise InvalidParameter("That comes to nothing. Give at least one credit.")
        await give_time(UserId(member.id), whole, str(interaction.id), operator_of(interaction), studio=studio)
        await _tell(interaction, f"{member.mention} has {amount:g} more {UNITS[studio.catalogue.unit]}.")

    @admin.command(description="Take back what is left of all that operators gave a member")
    @app_commands.describe(member="From whom")
    async def revoke(interaction: Interaction, member: discord.User) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        revoked = await revoke_gifts(UserId(member.id), operator_of(interaction), studio=studio)
        unit = "GPU-seconds" if studio.catalogue.unit is Unit.GPU_SECONDS else "credits"
        plans = ", ".join(revoked.plans) or "no plan"
        await _tell(interaction, f"Taken back from {member.mention}: {plans}, {revoked.amount:,} {unit}.")


def _add_blocks(admin: AdminGroup, studio: Studio) -> None:
    @admin.command(description="Keep a member from starting anything for a while")
    @app_commands.describe(member="Whom", length="How long", reason="What the member reads")
    async def block(interaction: Interaction, member: discord.User, length: Length, reason: str = "") -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        held = BLOCK_LENGTHS[length]
        blocked = await block_member(UserId(member.id), held, reason, operator_of(interaction), studio=studio)
        await _tell(interaction, blocked_text(blocked))

    @admin.command(description="Let a member draw again")
    @app_commands.describe(member="Whom")
    async def unblock(interaction: Interaction, member: discord.User) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        was_blocked = await unblock_member(UserId(member.id), operator_of(interaction), studio=studio)
        await _tell(interaction, f"{member.mention} {'may draw again' if was_blocked else 'was not blocked'}.")


def _add_queue(admin: AdminGroup, studio: Studio) -> None:
    queue = admin.add_group("queue", "Look at the queue and hold it")

    async def hold(interaction: Interaction, state: QueueState) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await hold_queue(state, operator_of(interaction), studio=studio)
        await interaction.edit_original_response(content=STATES[state])

    @queue.command(description="What runs and what waits")
    async def look(interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(embed=queue_embed(await look_at_queue(studio=studio)))

    @queue.command(description="Begin no more jobs; new ones wait")
    async def pause(interaction: Interaction) -> None:
        await hold(interaction, QueueState.PAUSED)

    @queue.command(description="Take no new jobs; those that wait are drawn")
    async def drain(interaction: Interaction) -> None:
        await hold(interaction, QueueState.DRAINING)

    @queue.command(description="Take and draw jobs again")
    async def resume(interaction: Interaction) -> None:
        await hold(interaction, QueueState.OPEN)

    @queue.command(description="Stop any member's job")
    @app_commands.describe(job_id="Its id, as the queue or a file name shows it")
    async def cancel(interaction: Interaction, job_id: str) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            job = await cancel_any_job(JobId(job_id.strip()), operator_of(interaction), studio=studio)
        except JobGone:
            await _tell(interaction, f"There is no job `{quote(job_id, 60)}`; `/admin queue look` shows their ids.")
            return
        await _tell(interaction, f"The job of <@{job.user_id}> is cancelled.")


def _add_figures(admin: AdminGroup, studio: Studio) -> None:
    @admin.command(description="Jobs, members, engine time and waiting times")
    @app_commands.describe(days="Of how many days")
    async def statistics(interaction: Interaction, days: app_commands.Range[int, 1, 90] = 7) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        figures = await read_statistics(days, studio=studio)
        await interaction.edit_original_response(embed=statistics_embed(figures, days))

    @admin.command(description="What members have reported, newest first")
    async def reports(interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await read_reports(SHOWN_REPORTS, studio=studio)
        await interaction.edit_original_response(embed=reports_embed(found))

    @admin.command(description="What operators have done, newest first")
    @app_commands.describe(member="To whom; without it to anybody")
    async def log(interaction: Interaction, member: discord.User | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        acts = await read_log(SHOWN_ACTS, UserId(member.id) if member else None, studio=studio)
        await interaction.edit_original_response(embed=log_embed(acts))
