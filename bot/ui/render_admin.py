"""What operators are shown: the queue, the figures and the log. No awaits, no queries."""

from collections.abc import Sequence

import discord

from bot.domain.job import Job
from bot.domain.oversight import Act, Block, QueueState, Statistics
from bot.ui.render import message_url
from bot.ui.render_gallery import GREY_BLUE
from bot.usecases.oversee import MANY, QueueLook, Reported

LINE_LIMIT = 100
STATES = {
    QueueState.OPEN: "Jobs are taken and drawn.",
    QueueState.PAUSED: "Paused: jobs are taken and wait; none is begun.",
    QueueState.DRAINING: "Draining: no new jobs are taken; those that wait are drawn.",
}


def queue_embed(look: QueueLook) -> discord.Embed:
    waiting = f"{MANY:,} or more" if look.waiting == MANY else f"{look.waiting:,}"
    embed = discord.Embed(title="Queue", description=STATES[look.state], colour=GREY_BLUE)
    embed.add_field(name=f"Running: {len(look.running)}", value=_jobs(look.running[:5]), inline=False)
    return embed.add_field(name=f"Waiting: {waiting}", value=_jobs(look.first[:5]), inline=False)


def _jobs(jobs: Sequence[Job]) -> str:
    return "\n".join(f"`{job.id}` <@{job.user_id}> {_short(job.prompt)}" for job in jobs) or "–"


def _short(text: str) -> str:
    """Members' words are shown as they are: no link and no heading of theirs may speak to an operator."""
    line = discord.utils.escape_markdown(" ".join(text.split()))
    return line if len(line) <= LINE_LIMIT else line[: LINE_LIMIT - 1].rstrip("\\ ") + "…"


def statistics_embed(statistics: Statistics, days: int) -> discord.Embed:
    embed = discord.Embed(title=f"The last {days} days" if days > 1 else "The last day", colour=GREY_BLUE)
    jobs = "\n".join(f"{status.value}: {count:,}" for status, count in sorted(statistics.jobs.items()))
    embed.add_field(name=f"Jobs: {sum(statistics.jobs.values()):,}", value=jobs or "none")
    embed.add_field(name="Members", value=f"{statistics.members:,}")
    embed.add_field(name="Engine", value=f"{statistics.engine_seconds:,.1f} s")
    return embed.add_field(name="Waiting time", value=_waits(statistics), inline=False)


def _waits(statistics: Statistics) -> str:
    half, most = statistics.wait(0.5), statistics.wait(0.95)
    if half is None or most is None:
        return "nothing was drawn"
    return f"half began within {half:,.1f} s, 19 of 20 within {most:,.1f} s (of {len(statistics.waits):,})"


def log_embed(acts: Sequence[Act]) -> discord.Embed:
    lines = [_act(act) for act in acts]
    return discord.Embed(title="Log", description="\n".join(lines) or "Nothing has been done yet.", colour=GREY_BLUE)


def _act(act: Act) -> str:
    who = f"<@{act.operator.user_id}>" if act.operator.user_id else act.operator.name
    whom = f" <@{act.member_id}>" if act.member_id else ""
    return f"<t:{int(act.at.timestamp())}:f> {who} **{act.deed.value}**{whom} {_short(act.details)}".rstrip()


def reports_embed(reports: Sequence[Reported]) -> discord.Embed:
    lines = [_reported(one) for one in reports]
    text = "\n".join(lines) or "Nobody has reported anything."
    return discord.Embed(title="Reports", description=text, colour=GREY_BLUE)


def _reported(one: Reported) -> str:
    report, job = one.report, one.job
    line = f"<t:{int(report.created_at.timestamp())}:f> <@{report.reporter_id}> reported `{report.job_id}`"
    if job is None:
        return line
    place = f" {message_url(job, job.result_message)}" if job.result_message else ""
    return f"{line} of <@{job.user_id}>: {_short(job.prompt)}{place}"


def blocked_text(block: Block) -> str:
    end = f"until <t:{int(block.until.timestamp())}>" if block.until else "for good"
    return f"<@{block.member_id}> is blocked {end}."
