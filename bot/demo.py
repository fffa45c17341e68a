"""`make demo` and `make sandbox`: the whole studio on one machine, against the stand-in Discord.

The demo is a member at work: everything goes through the real Discord client, over real sockets.
"""

import asyncio
import json
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.config import Config
from bot.program import engine_config, running_studio
from bot.sandbox import EASEL, MIDJOURNEY, Member, RateLimits, Sandbox, SandboxConfig, find_component
from bot.site import LOCAL

Message = dict[str, Any]

PATIENCE_SECONDS = 300.0
MEBIBYTE = 1024 * 1024
FOUNDED = 1_767_225_600.0
"""The stand-in that stays up is as old at each start: its members find again what the database kept of them."""


@dataclass
class Timings:
    """What the demo's last line reports; times in seconds since the command was sent."""

    seconds_to_waiting: float = 0.0
    seconds_to_first_preview: float = 0.0
    seconds_to_grid: float = 0.0
    rss_mb: float = 0.0
    seconds_to_start: float = 0.0


async def run_sandbox(config: Config) -> None:
    """Stays up until it is cancelled, or until a part of the studio ends by itself. Everything is kept in the
    configured database and store, as on a real server."""
    settings = sandbox_config(config)
    async with Sandbox(settings) as sandbox:
        print("Starting the studio ...", flush=True)
        async with running_studio(pointed_at(sandbox, config), sandbox.bot_token, _new_engine(config)) as parts:
            print(f"\nOpen {sandbox.base_url} in a browser and type /imagine. Ctrl-C ends it.", flush=True)
            print(_for_programs(sandbox), flush=True)
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)


def sandbox_config(config: Config) -> SandboxConfig:
    identity = MIDJOURNEY if config.sandbox.midjourney_ids else EASEL
    return SandboxConfig(
        host=config.sandbox.host,
        port=config.sandbox.port,
        identity=identity,
        other_guild_name="Elsewhere",
        founded=FOUNDED,
    )


def _for_programs(sandbox: Sandbox) -> str:
    """What a client program has to be told; docs/clients.md has a recipe."""
    names, channel = ("ada", "ben"), sandbox.channel("studio")
    tokens = ", ".join(f"{name} {sandbox.world.token_of(sandbox.user(name).id)}" for name in names)
    return (
        f"For programs: server {sandbox.world.guild.id}, channel {channel.id}, bot {sandbox.config.application_id}, "
        f"gateway {sandbox.gateway_url}, tokens: {tokens}"
    )


async def run_demo(config: Config, prompt: str, out: Path) -> int:
    """Draws one prompt as a member would; pictures and transcript land in `out`. The last line printed is JSON."""
    timings = Timings()
    with tempfile.TemporaryDirectory(prefix="easel-demo-") as folder:
        config = on_scratch(config, Path(folder))
        async with Sandbox(SandboxConfig(rate_limits=RateLimits(), wait_seconds=PATIENCE_SECONDS)) as sandbox:
            _say("starting the bot and loading the model")
            begun = time.perf_counter()
            async with running_studio(pointed_at(sandbox, config), sandbox.bot_token, _new_engine(config)):
                timings.seconds_to_start = time.perf_counter() - begun
                ada = await sandbox.member("ada")
                await _be_a_member(ada, prompt, out, timings)
                _keep(f"{sandbox.transcript()}\n".encode(), out / "transcript.md")
    timings.rss_mb = _peak_rss_bytes() / MEBIBYTE
    _say(f"done: look into {out}/")
    print(json.dumps({name: round(value, 3) for name, value in vars(timings).items()}))
    return 0


async def _be_a_member(ada: Member, prompt: str, out: Path, timings: Timings) -> None:
    _say(f"ada types /imagine prompt: {prompt}")
    grid = await _imagine(ada, prompt, timings)
    _keep(await ada.download(grid["attachments"][0]), out / "grid.png")
    _say("ada presses U1")
    upscaled = await _press(ada, grid, "U1")
    _keep(await ada.download(upscaled["attachments"][0]), out / "upscaled.png")
    _say("ada presses V2")
    variation = await _press(ada, grid, "V2")
    _keep(await ada.download(variation["attachments"][0]), out / "variation.png")
    _say("ada reacts with an envelope and gets the pictures by direct message")
    mark = len(ada.events)
    await ada.react(grid, "✉️")
    await ada.wait_for(lambda event: _is_direct_result(event.data), since=mark)
    _say("ada opens /gallery")
    sent = await ada.slash("gallery")
    await ada.wait_for_message(lambda message: bool(message["attachments"]), since=sent)


async def _imagine(ada: Member, prompt: str, timings: Timings) -> Message:
    begun = time.perf_counter()
    sent = await ada.slash("imagine", prompt=prompt)
    waiting = await ada.response(sent)
    timings.seconds_to_waiting = time.perf_counter() - begun

    def is_preview(message: Message) -> bool:
        return message["id"] == waiting["id"] and bool(message["attachments"])

    def is_grid(message: Message) -> bool:
        return message["id"] != waiting["id"] and _has_button(message, "U1")

    preview = await ada.wait_for_message(lambda message: is_preview(message) or is_grid(message), since=sent)
    timings.seconds_to_first_preview = time.perf_counter() - begun
    _say(f"a first preview: {preview['content']}")
    grid = await ada.wait_for_message(is_grid, since=sent)
    timings.seconds_to_grid = time.perf_counter() - begun
    _say(f"the grid: {grid['content']}")
    return grid


async def _press(ada: Member, message: Message, label: str) -> Message:
    """The result is a new message with buttons that replies to the pressed one."""
    sent = await ada.press(message, label)
    return await ada.wait_for_message(
        lambda found: (
            found["id"] != message["id"]
            and bool(found["attachments"])
            and (_has_button(found, "Vary (Subtle)") or _has_button(found, "U1"))
        ),
        since=sent,
    )


def _has_button(message: Message, label: str) -> bool:
    try:
        find_component(message, label)
    except LookupError:
        return False
    return True


def _is_direct_result(data: Message) -> bool:
    return "**Job ID**" in str(data.get("content")) and "guild_id" not in data


def _keep(data: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _new_engine(config: Config) -> Any:
    from engine.local import LocalEngine  # loads torch, which `--help` should not wait for

    return LocalEngine(engine_config(config))


def pointed_at(sandbox: Sandbox, config: Config) -> Config:
    """Our own pages are served, too, unless they have an address already; the server's owner operates the studio."""
    discord = config.discord.model_copy(update={"api_url": sandbox.api_url, "gateway_url": sandbox.gateway_url})
    web = config.web if config.web.public_url else config.web.model_copy(update={"public_url": LOCAL, "port": 0})
    admin = config.admin.model_copy(update={"guilds": (*config.admin.guilds, int(sandbox.world.guild.id))})
    return config.model_copy(update={"discord": discord, "web": web, "admin": admin})


def on_scratch(config: Config, folder: Path) -> Config:
    """A demo leaves the operator's own database and pictures alone."""
    return config.model_copy(
        update={
            "database": config.database.model_copy(update={"url": f"sqlite:///{folder / 'easel.db'}"}),
            "images": config.images.model_copy(update={"store": str(folder / "images")}),
            "engine": config.engine.model_copy(update={"compile": "off"}),  # one prompt does not repay minutes of it
        }
    )


def _peak_rss_bytes() -> int:
    """The most that this process ever held in memory. Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)
