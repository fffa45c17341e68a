"""Who a text mentions and notifies, as `allowed_mentions` permits. Mentions inside code are only text."""

import re
from dataclasses import dataclass
from typing import Any

from bot.sandbox.wire import Json

CODE = re.compile(r"```.*?```|``.+?``|`[^`\n]+`", re.DOTALL)
USER = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclass(frozen=True)
class Mentions:
    user_ids: tuple[str, ...] = ()
    role_ids: tuple[str, ...] = ()
    everyone: bool = False


def find_mentions(content: str, allowed: Any, *, replied_user_id: str | None = None) -> Mentions:
    """Without `allowed_mentions` everything mentioned is notified, which is what hurts."""
    text = CODE.sub("", content)
    rules: Json = allowed if isinstance(allowed, dict) else {"parse": ["users", "roles", "everyone"]}
    users = _permitted(USER.findall(text), "users", rules)
    if replied_user_id and (not isinstance(allowed, dict) or allowed.get("replied_user")):
        users.append(replied_user_id)
    return Mentions(
        user_ids=tuple(dict.fromkeys(users)),
        role_ids=tuple(dict.fromkeys(_permitted(ROLE.findall(text), "roles", rules))),
        everyone="everyone" in (rules.get("parse") or []) and bool(EVERYONE.search(text)),
    )


def _permitted(ids: list[str], kind: str, rules: Json) -> list[str]:
    if kind in (rules.get("parse") or []):
        return list(ids)
    named = {str(item) for item in rules.get(kind) or []}
    return [item for item in ids if item in named]
