"""One interaction: who did what, and how far the bot's answer is. Knows its two time limits, not the wire."""

from dataclasses import dataclass, field
from enum import IntEnum

from bot.sandbox.clock import Alarm
from bot.sandbox.wire import Json

TOKEN_SECONDS = 15 * 60.0


class InteractionType(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class CallbackType(IntEnum):
    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


@dataclass(frozen=True)
class Modal:
    """A form the bot has opened for the caller of `interaction_id`."""

    interaction_id: str
    custom_id: str
    title: str
    components: list[Json]
    source_message_id: str | None
    opener_metadata: Json


@dataclass
class Interaction:
    id: str
    token: str
    type: InteractionType
    user_id: str
    channel_id: str
    guild_id: str | None
    nonce: str | None
    created_at: float
    late_at: float
    data: Json
    name: str = ""
    command_type: int = 1
    source_message_id: str | None = None
    opener_metadata: Json | None = None
    response_type: CallbackType | None = None
    original_id: str | None = None
    is_failed: bool = False
    deadline: Alarm | None = None
    message_ids: list[str] = field(default_factory=list)
    owners: Json = field(default_factory=dict)

    @property
    def is_acknowledged(self) -> bool:
        return self.response_type is not None

    @property
    def is_guest(self) -> bool:
        """Whether the application was not added to the server where this happens."""
        return "0" not in self.owners

    def is_late(self, now: float) -> bool:
        return self.is_failed or (not self.is_acknowledged and now >= self.late_at)

    def is_expired(self, now: float) -> bool:
        return now - self.created_at >= TOKEN_SECONDS
