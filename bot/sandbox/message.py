"""One chat message as the stand-in remembers it. Rendering is in `render`, the rules in `message_rules`."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag

from bot.sandbox.wire import Json


class MessageType(IntEnum):
    DEFAULT = 0
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER = 21
    CONTEXT_MENU_COMMAND = 23


class MessageFlag(IntFlag):
    NONE = 0
    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


@dataclass(frozen=True)
class Attachment:
    """A file of a message; the bytes are in the Cdn under the same id."""

    id: str
    filename: str
    size: int
    content_type: str
    width: int | None = None
    height: int | None = None
    description: str | None = None


@dataclass(frozen=True)
class Reference:
    channel_id: str
    message_id: str
    guild_id: str | None


@dataclass(frozen=True)
class Ping:
    """Somebody who was notified: `target` is a user id, a role id or "everyone"."""

    message_id: str
    target: str


@dataclass
class Message:
    id: str
    channel_id: str
    author_id: str
    created_at: datetime
    type: MessageType = MessageType.DEFAULT
    content: str = ""
    flags: MessageFlag = MessageFlag.NONE
    edited_at: datetime | None = None
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    mention_ids: list[str] = field(default_factory=list)
    mention_role_ids: list[str] = field(default_factory=list)
    mentions_everyone: bool = False
    reference: Reference | None = None
    application_id: str | None = None
    interaction: Json | None = None
    interaction_metadata: Json | None = None
    visible_to: str | None = None
    thread_id: str | None = None
    is_pinned: bool = False
    is_tts: bool = False

    @property
    def is_ephemeral(self) -> bool:
        return self.visible_to is not None

    @property
    def is_loading(self) -> bool:
        return bool(self.flags & MessageFlag.LOADING)

    @property
    def is_empty(self) -> bool:
        return not (self.content or self.embeds or self.attachments or self.components)

    def find_component(self, custom_id: str) -> Json | None:
        return next((item for item in walk_components(self.components) if item.get("custom_id") == custom_id), None)


def walk_components(components: list[Json]) -> list[Json]:
    """All components of a message or modal, parents before their children."""
    found: list[Json] = []
    for component in components:
        found.append(component)
        children = list(component.get("components") or [])
        children += [component[key] for key in ("component", "accessory") if component.get(key)]
        found += walk_components(children)
    return found
