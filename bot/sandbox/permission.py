"""The permission bits that a studio bot can trip over, and how roles and channel overwrites add up."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from functools import reduce
from operator import or_


class Permission(IntFlag):
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


NONE = Permission(0)
ALL = reduce(or_, Permission)
MEMBER_DEFAULT = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
DIRECT_MESSAGE = MEMBER_DEFAULT
GUEST = Permission.EMBED_LINKS | Permission.ATTACH_FILES | Permission.USE_EXTERNAL_EMOJIS
"""What an application's answers may hold where it was not added."""


@dataclass(frozen=True)
class Overwrite:
    """What one channel allows or denies one role (`kind` 0) or member (`kind` 1)."""

    target_id: str
    kind: int
    allow: Permission = NONE
    deny: Permission = NONE


def add_up(
    base: Permission, overwrites: Iterable[Overwrite], guild_id: str, role_ids: Iterable[str], member_id: str
) -> Permission:
    """Everyone's overwrite first, then the roles' together, then the member's own."""
    if base & Permission.ADMINISTRATOR:
        return ALL
    by_target = {overwrite.target_id: overwrite for overwrite in overwrites}
    everyone = by_target.get(guild_id)
    if everyone:
        base = (base & ~everyone.deny) | everyone.allow
    roles = [by_target[role_id] for role_id in role_ids if role_id in by_target and role_id != guild_id]
    for overwrite in roles:
        base &= ~overwrite.deny
    for overwrite in roles:
        base |= overwrite.allow
    own = by_target.get(member_id)
    if own:
        base = (base & ~own.deny) | own.allow
    return base if base & Permission.VIEW_CHANNEL else Permission(0)
