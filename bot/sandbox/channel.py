"""Channels: text channels of a guild, threads below them, and direct messages between two users."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from bot.sandbox.permission import Overwrite
from bot.sandbox.wire import Json


class ChannelType(IntEnum):
    TEXT = 0
    DIRECT = 1
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12


@dataclass
class Channel:
    id: str
    type: ChannelType
    created_at: datetime
    name: str = ""
    guild_id: str | None = None
    position: int = 0
    topic: str | None = None
    parent_id: str | None = None
    owner_id: str | None = None
    recipient_ids: tuple[str, ...] = ()
    overwrites: list[Overwrite] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    is_archived: bool = False

    @property
    def is_thread(self) -> bool:
        return self.type in (ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD)

    @property
    def last_message_id(self) -> str | None:
        return self.message_ids[-1] if self.message_ids else None

    def payload(self) -> Json:
        head: Json = {
            "id": self.id,
            "type": int(self.type),
            "flags": 0,
            "last_message_id": self.last_message_id,
            "guild_id": self.guild_id,
            "name": self.name,
        }
        return head | (self._thread_fields() if self.is_thread else self._text_fields())

    def direct_payload(self, recipients: list[Json]) -> Json:
        return {
            "id": self.id,
            "type": int(self.type),
            "flags": 0,
            "last_message_id": self.last_message_id,
            "recipients": recipients,
        }

    def _text_fields(self) -> Json:
        return {
            "position": self.position,
            "topic": self.topic,
            "parent_id": None,
            "nsfw": False,
            "rate_limit_per_user": 0,
            "permission_overwrites": [
                {
                    "id": item.target_id,
                    "type": item.kind,
                    "allow": str(int(item.allow)),
                    "deny": str(int(item.deny)),
                }
                for item in self.overwrites
            ],
        }

    def _thread_fields(self) -> Json:
        return {
            "parent_id": self.parent_id,
            "owner_id": self.owner_id,
            "message_count": len(self.message_ids),
            "member_count": 1,
            "total_message_sent": len(self.message_ids),
            "rate_limit_per_user": 0,
            "thread_metadata": {
                "archived": self.is_archived,
                "archive_timestamp": self.created_at.isoformat(),
                "auto_archive_duration": 1440,
                "locked": False,
                "create_timestamp": self.created_at.isoformat(),
            },
        }
