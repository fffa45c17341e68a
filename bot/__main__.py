"""The command line of the studio. `python -m bot --help` says what there is."""

import argparse
import asyncio
import os
import signal
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

from bot.config import TOKEN_VARIABLE, Config, ConfigError, load_config
from bot.logs import set_up_logs

DEFAULT_CONFIG = Path("config.toml")
QUIET = {"demo": "warning", "doctor": "error", "export": "error", "audit": "error", "grant": "error"}
"""Least level of log lines, where the terminal is for something else."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        config = load_config(_config_path(options.config), os.environ)
    except ConfigError as problem:
        print(problem, file=sys.stderr)
        return 2
    level = QUIET.get(options.command, config.log.level)
    set_up_logs(config.log.model_copy(update={"level": level}))
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(_command(options, config))


async def _command(options: argparse.Namespace, config: Config) -> int:
    """What keeps a studio from opening is told in one sentence, whatever it was to be opened for."""
    from bot.db.connections import DatabaseUnavailable
    from bot.gateway import DiscordUnavailable
    from bot.site import WebUnavailable
    from bot.storage import StoreUnavailable
    from engine.protocol import EngineStartError

    try:
        match str(options.command):
            case "run":
                return await _run(config)
            case "sandbox":
                return await _sandbox(config)
            case "demo":
                return await _demo(config, options.prompt, options.out)
            case "doctor":
                return await _doctor(config)
            case "export":
                return await _export(config, options.user)
            case "grant":
                return await _grant(config, options)
            case "audit":
                return await _audit(config)
            case unknown:
                raise AssertionError(unknown)
    except (DatabaseUnavailable, StoreUnavailable, WebUnavailable, EngineStartError, DiscordUnavailable) as problem:
        print(problem, file=sys.stderr)
        return 1


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop answers about twice as fast, where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Easel: a picture studio in Discord.",
        epilog="docs/running.md leads from the first start to the last.",
    )
    parser.add_argument("--config", type=Path, help="settings to use (default: config.toml if there is one)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help=f"run the bot on Discord; the token comes from {TOKEN_VARIABLE}")
    commands.add_parser("sandbox", help="run against a stand-in Discord with a chat page in the browser")
    demo = commands.add_parser("demo", help="draw one prompt end to end in the stand-in Discord and keep the pictures")
    demo.add_argument("--prompt", default="a fox under a full moon", help="what to draw (default: %(default)s)")
    demo.add_argument("--out", type=Path, default=Path("demo"), help="folder for the pictures (default: %(default)s)")
    commands.add_parser("doctor", help="look at this installation and say in plain words what is wrong")
    export = commands.add_parser("export", help="write all that happened to a member's time or credits, as CSV")
    export.add_argument("--user", type=int, required=True, help="the member's Discord id")
    grant = commands.add_parser("grant", help="give a member a plan, fast time or credits")
    grant.add_argument("--user", type=int, required=True, help="the member's Discord id")
    given = grant.add_mutually_exclusive_group(required=True)
    given.add_argument("--plan", help="the name of a plan, such as Pro")
    given.add_argument("--hours", type=float, help="hours of fast time")
    given.add_argument("--credits", type=int, help="credits, where the studio counts them")
    grant.add_argument(
        "--id", help="a name for this gift: a member gets one of the same name once (default: a new one)"
    )
    grant.add_argument("--days", type=int, help="with --plan: how long it lasts (default: until revoked)")
    commands.add_parser("audit", help="look through the whole ledger for what does not add up")
    return parser


def _config_path(given: Path | None) -> Path | None:
    if given is not None:
        return given
    return DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None


async def _run(config: Config) -> int:
    """Until a signal, or until a part of it ends for good: then whoever supervises it should start it again."""
    from bot.loops import stop_seconds
    from bot.program import engine_config, running_studio
    from engine.local import LocalEngine

    if config.token is None:
        print(
            f"Put the bot's token into the environment as {TOKEN_VARIABLE}; `make doctor` looks further.",
            file=sys.stderr,
        )
        return 2
    _cancel_on_signals(stop_seconds(config))
    try:
        async with running_studio(config, config.token.get_secret_value(), LocalEngine(engine_config(config))) as parts:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        return 0
    return _stopped_by_itself()


async def _sandbox(config: Config) -> int:
    from bot.demo import run_sandbox
    from bot.loops import stop_seconds

    _cancel_on_signals(stop_seconds(config))
    try:
        await run_sandbox(config)
    except asyncio.CancelledError:
        return 0
    return _stopped_by_itself()


def _stopped_by_itself() -> int:
    print(
        "The studio has stopped by itself; the log says why. Jobs that wait go on at the next start.", file=sys.stderr
    )
    return 1


def _cancel_on_signals(deadline_seconds: float) -> None:
    """At any moment, also while a model loads: what is open is closed in order, and jobs go back to the queue."""
    this, loop = asyncio.current_task(), asyncio.get_running_loop()

    def stop() -> None:
        loop.call_later(deadline_seconds, _leave)
        if this:
            this.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _leave() -> None:
    """Something holds on beyond the deadline. A supervisor would kill it next, and of that nothing is lost either."""
    print(
        "The studio did not stop in time and was ended. Its jobs go on at the next start.", file=sys.stderr, flush=True
    )
    os._exit(1)


async def _demo(config: Config, prompt: str, out: Path) -> int:
    from bot.demo import run_demo

    return await run_demo(config, prompt, out)


async def _export(config: Config, user_id: int) -> int:
    from bot.db.database import migrate, open_database
    from bot.domain.job import UserId
    from bot.usecases.export_ledger import export_ledger

    await migrate(config.database.url)
    async with open_database(config.database.url) as db:
        print(await export_ledger(UserId(user_id), db=db), end="")
    return 0


async def _grant(config: Config, options: argparse.Namespace) -> int:
    """Status 2 when it cannot be given as it was asked for."""
    from bot.db.database import migrate, open_database
    from bot.domain.errors import UnknownPlan
    from bot.domain.job import UserId
    from bot.domain.oversight import COMMAND_LINE
    from bot.domain.prices import Unit
    from bot.offers import catalogue_of
    from bot.usecases.books import BooksAlone
    from bot.usecases.oversee import give_plan, give_time

    catalogue, user_id = catalogue_of(config.plans), UserId(options.user)
    reference = f"{options.id}:{user_id}" if options.id else str(uuid.uuid4())
    asked_for = Unit.CREDITS if options.credits else Unit.GPU_SECONDS
    amount = options.credits or round((options.hours or 0) * 3_600)
    if not options.plan and asked_for is not catalogue.unit:
        print(f"This studio counts {catalogue.unit.value}; see plans.unit in the settings.", file=sys.stderr)
        return 2
    if not options.plan and options.days is not None:
        lasts = f"Time lasts {catalogue.bonus_days} days: plans.bonus_days in the settings."
        print(f"--days is for plans. {lasts}", file=sys.stderr)
        return 2
    if (not options.plan and amount <= 0) or (options.days is not None and options.days <= 0):
        print("That would give nothing: hours, credits and days are above 0.", file=sys.stderr)
        return 2
    await migrate(config.database.url)
    async with open_database(config.database.url) as db:
        books = BooksAlone(db, catalogue, lambda: datetime.now(UTC))
        if not options.plan:
            if await give_time(user_id, amount, reference, COMMAND_LINE, studio=books):
                print(f"Member {user_id} has {amount:,} {catalogue.unit.value} more.")
            else:
                print(f"Member {user_id} was given {options.id} before; nothing has changed.")
            return 0
        try:
            given = await give_plan(user_id, options.plan, options.days, reference, COMMAND_LINE, studio=books)
        except UnknownPlan as unknown:
            print(unknown.sentence, file=sys.stderr)
            return 2
    end = f"until {given.ends_at:%Y-%m-%d %H:%M} UTC" if given.ends_at else "until revoked"
    print(f"Member {user_id} has {given.plan_name} {end}.")
    return 0


async def _audit(config: Config) -> int:
    """Status 1 when something was found."""
    from bot.db.database import migrate, open_database
    from bot.usecases.audit_ledger import audit_ledger

    await migrate(config.database.url)
    async with open_database(config.database.url) as db:
        found = await audit_ledger(db=db)
    print("\n".join(found) or "The ledger balances, and every job is charged as it ended.")
    return 1 if found else 0


async def _doctor(config: Config) -> int:
    from bot.doctor import examine

    return 1 if await examine(config) else 0


if __name__ == "__main__":
    sys.exit(main())
