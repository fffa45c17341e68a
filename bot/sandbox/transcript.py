"""A chat as plain markdown: for the demo's files, and for the words of a wait that ended in vain."""

from collections.abc import Iterable
from datetime import datetime

from bot.sandbox.message import MessageFlag, walk_components
from bot.sandbox.wire import Json


def render_messages(messages: Iterable[Json]) -> str:
    """Message objects in the given order, one paragraph each."""
    return "\n\n".join(_render(message) for message in messages) or "(nothing)"


def _render(message: Json) -> str:
    author = message["author"]
    name = author.get("global_name") or author["username"]
    time = datetime.fromisoformat(message["timestamp"]).strftime("%H:%M:%S")
    flags = int(message.get("flags") or 0)
    notes = [" · only the caller sees this"] if flags & MessageFlag.EPHEMERAL else []
    notes += [" · thinking"] if flags & MessageFlag.LOADING else []
    lines = [f"**{name}**{' `APP`' if author.get('bot') else ''} · {time}{''.join(notes)}"]
    called = message.get("interaction")
    if called:
        lines.append(f"> {called['user']['username']} used /{called['name']}")
    lines += [message["content"]] if message["content"] else []
    for embed in message["embeds"]:
        lines += [f"| {embed[key]}" for key in ("title", "description") if embed.get(key)]
    for attachment in message["attachments"]:
        size = f"{attachment['width']}×{attachment['height']}" if "width" in attachment else "file"
        described = f" — {attachment['description']}" if attachment.get("description") else ""
        lines.append(f"📎 {attachment['filename']} ({size}){described}")
    buttons = [_button(item) for item in walk_components(message["components"]) if item.get("type") == 2]
    lines += [" ".join(buttons)] if buttons else []
    reactions = [f"{item['emoji']['name']} {item['count']}" for item in message.get("reactions") or []]
    lines += ["  ".join(reactions)] if reactions else []
    return "\n".join(lines)


def _button(button: Json) -> str:
    emoji = (button.get("emoji") or {}).get("name") or ""
    return f"[{' '.join(part for part in (emoji, button.get('label') or '') if part)}]"
