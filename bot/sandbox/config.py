"""What a stand-in is started with: names, tokens, limits and the place of the contract document."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.identity import EASEL, Identity

CONTRACT = Path(__file__).resolve().parents[2].parent / "shared" / "discord" / "openapi.json"


@dataclass(frozen=True)
class RateLimits:
    """Discord's brakes: `messages` posts or edits per `window_seconds` and channel, and a total per second."""

    messages: int = 5
    window_seconds: float = 5.0
    per_second: int = 50


@dataclass(frozen=True)
class SandboxConfig:
    """Everything is a default that suits tests; `rate_limits=None` takes the brakes off.

    `founded` (seconds since 1970) gives members, servers and channels the same ids at each start; None: new ones.
    `other_guild_name` is that of a second server, with the same members and without the bot; empty for none.
    `first_response_seconds` is how long somebody who typed or pressed waits for the bot; a test whose machine may be
    slow gives it more. `heartbeat_seconds` is how often clients of the gateway have to say that they live.
    """

    host: str = "127.0.0.1"
    port: int = 0
    identity: Identity = EASEL
    bot_token: str = "sandbox-bot-token"
    guild_name: str = "Easel"
    other_guild_name: str = ""
    channel_names: tuple[str, ...] = ("general", "studio")
    member_names: tuple[str, ...] = ("ada", "ben", "cleo")
    attachment_size_limit: int = 10 * 1024 * 1024
    rate_limits: RateLimits | None = field(default_factory=RateLimits)
    privileged_intents: int = 0
    openapi: Path | None = CONTRACT
    founded: float | None = None
    wait_seconds: float = 15.0
    first_response_seconds: float = 3.0
    heartbeat_seconds: float = 41.25

    @property
    def application_id(self) -> str:
        return self.identity.application_id

    @property
    def bot_name(self) -> str:
        return self.identity.bot_name
