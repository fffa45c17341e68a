"""Who asks, and where."""

from dataclasses import dataclass

from bot.domain.job import Door, UserId


@dataclass(frozen=True, slots=True)
class Place:
    """Who asks, and where the answer goes. `guild_id` is None in direct messages, where nobody has roles. `door` is the
    way back where the bot is no member. `locale` is Discord's name of the language that they read."""

    user_id: UserId
    user_name: str
    channel_id: int
    guild_id: int | None
    role_ids: frozenset[int] = frozenset()
    door: Door | None = None
    locale: str = ""
