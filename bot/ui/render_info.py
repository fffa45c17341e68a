"""How `/info` reads. Keys and order are as client programs know them, one `**key**: value` a line."""

from collections import Counter
from collections.abc import Sequence

import discord

from bot.domain.allowance import write_amount
from bot.domain.job import Job
from bot.domain.ledger import Account, AccountKind, Lot
from bot.domain.prices import PriceList, Unit
from bot.domain.prompt import Speed
from bot.domain.said import Said
from bot.domain.standing import Standing, State
from bot.ui.render import message_url
from bot.ui.render_gallery import GREY_BLUE
from bot.usecases.account import AccountInfo, Usage
from bot.usecases.oversee import SOURCE as OPERATOR
from bot.words import say, spoken

JOB_MODES = {Speed.FAST: "Fast", Speed.RELAX: "Relaxed", Speed.TURBO: "Turbo"}
KINDS = {
    AccountKind.MONTH: Said("Month"),
    AccountKind.BONUS: Said("Bonus"),
    AccountKind.EXTRA: Said("Extra"),
}
HOUR = 3600
MOST_LOTS = 9


def info_embed(user_id: int, account: AccountInfo) -> discord.Embed:
    is_credits = account.catalogue.unit is Unit.CREDITS
    lines = [
        f"**User ID**: {user_id}",
        f"**Subscription**: {write_subscription(account)}",
        f"**Job Mode**: {JOB_MODES[account.settings.speed]}",
        f"**Visibility Mode**: {account.settings.visibility.capitalize()}",
        f"**Fast Time Remaining**: {write_remaining(account)}",
        f"**Lifetime Usage**: {_usage(account.lifetime, is_credits)}",
        f"**Fast Usage**: {_usage(account.usage[Speed.FAST], is_credits)}",
        f"**Turbo Usage**: {_usage(account.usage[Speed.TURBO], is_credits)}",
        f"**Relaxed Usage**: {_usage(account.usage[Speed.RELAX], is_credits)}",
        "**Ranking Count**: Total: 0, Last 30 Days: 0",
        "",
        f"**Queued Jobs (fast)**: {sum(job.speed is not Speed.RELAX for job in account.waiting)}",
        f"**Queued Jobs (relax)**: {sum(job.speed is Speed.RELAX for job in account.waiting)}",
        f"**Running Jobs**: {', '.join(_link(job) for job in account.running) or 'None'}",
    ]
    embed = discord.Embed(title="Your info", description="\n".join(lines), colour=GREY_BLUE)
    return _with_details(embed, account)


def write_subscription(account: AccountInfo) -> str:
    standing = account.standing
    match standing.state:
        case State.OPEN if standing.plan is not None:
            return f"{standing.plan.name} (Active)"
        case State.ACTIVE if standing.plan is not None:
            renews = f", renews next on <t:{int(account.renews_at.timestamp())}>" if account.renews_at else ""
            return f"{standing.plan.name} (Active {standing.billing}{renews})"
        case State.TRIAL:
            return "None (Trial)"
        case State.PAUSED if standing.entitlement is not None:
            return f"{standing.entitlement.plan_name} (Paused)"
        case _:
            return "None (Inactive)"


def write_remaining(account: AccountInfo) -> str:
    """Of all that has not expired: what is left, and what it was at first."""
    if not account.catalogue.is_charging:
        return "Unlimited"
    left, granted = account.left, account.granted
    if account.catalogue.unit is Unit.CREDITS:
        return f"{left}/{granted} credits ({_percent(left, granted)})"
    if granted < HOUR:
        return f"{left / 60:.2f} minutes"
    return f"{left / HOUR:.2f}/{granted / HOUR:.1f} hours ({_percent(left, granted)})"


def _percent(left: int, granted: int) -> str:
    return f"{100 * left / granted if granted else 0:.2f}%"


def _usage(usage: Usage, is_credits: bool) -> str:
    spent = write_amount(int(usage.amount), Unit.CREDITS) if is_credits else f"{usage.amount / HOUR:.2f} hours"
    return f"{usage.images} images ({spent})"


def _with_details(embed: discord.Embed, account: AccountInfo) -> discord.Embed:
    """Beside the lines that programs read: to the second, and in words."""
    catalogue = account.catalogue
    if catalogue.is_charging:
        lots = "\n".join(_lot(lot, catalogue.unit) for lot in _few(account.lots)) or say("Nothing is left.")
        embed.add_field(name=say("What is left"), value=f"{lots}{_gift_end(account.standing)}", inline=False)
        embed.add_field(name=say("Prices"), value=write_prices(catalogue.prices, catalogue.unit), inline=False)
    if account.standing.plan is not None and account.standing.plan.terms:
        embed.add_field(name=say("Your pictures"), value=spoken(account.standing.plan.terms)[:1024], inline=False)
    return embed


def _gift_end(standing: Standing) -> str:
    """The line that programs read speaks of renewal; what an operator gave for a time is not renewed."""
    given = standing.entitlement
    if given is None or given.source != OPERATOR or given.ends_at is None:
        return ""
    until = f"<t:{int(given.ends_at.timestamp())}:f>"
    return "\n" + say("Your plan was given to you until {time}; it does not renew by itself.", time=until)


def _few(lots: Sequence[Lot]) -> list[Lot]:
    """As many as fit into a field. The last of them are told together, so that the lines come to all there is."""
    first, rest = lots[:MOST_LOTS], Counter[AccountKind]()
    for lot in lots[MOST_LOTS:]:
        rest[lot.account.kind] += lot.balance
    return [*first, *(Lot(Account(kind), amount, amount) for kind, amount in rest.items() if amount)]


def _lot(lot: Lot, unit: Unit) -> str:
    kind, amount = KINDS[lot.account.kind], write_amount(lot.balance, unit)
    if lot.expires_at is None:
        return say("{kind}: {amount}", kind=kind, amount=amount)
    until = f"<t:{int(lot.expires_at.timestamp())}:f>"
    return say("{kind}: {amount}, until {time}", kind=kind, amount=amount, time=until)


def write_prices(prices: PriceList, unit: Unit) -> str:
    """What members pay for the usual jobs."""
    if unit is Unit.CREDITS:
        turbo = max(1, round(prices.turbo_factor))
        return say("One request is 1 credit, a turbo one {turbo}. U1-U4 and relaxed jobs are free.", turbo=turbo)
    return say(
        "A grid of four {grid}, variations {variation}, zoom or pan {outpaint}, an upscale {upscale}, a film {film}. "
        "`--quality` multiplies, `--draft` takes {draft:g} of it, `--turbo` ×{turbo:g}, `--oref` ×{omni:g}. "
        "U1-U4 and relaxed jobs are free.",
        grid=write_amount(prices.grid, unit),
        variation=write_amount(prices.variation, unit),
        outpaint=write_amount(prices.outpaint, unit),
        upscale=write_amount(prices.upscale, unit),
        film=write_amount(prices.film, unit),
        draft=prices.draft_factor,
        turbo=prices.turbo_factor,
        omni=prices.omni_factor,
    )


def _link(job: Job) -> str:
    return job.id if job.waiting_message is None else message_url(job, job.waiting_message)
