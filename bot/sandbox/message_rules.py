"""What Discord accepts as a message: lengths, embeds, flags and files. Pure checks that raise 50035 or 50006."""

from collections.abc import Collection, Mapping
from typing import Any

from bot.sandbox.component_rules import check_components
from bot.sandbox.errors import FormErrors, empty_message
from bot.sandbox.message import Message, MessageFlag
from bot.sandbox.wire import Json, Upload

CONTENT_LENGTH = 2000
EMBED_TOTAL = 6000
CREATE_FLAGS = (
    MessageFlag.SUPPRESS_EMBEDS | MessageFlag.EPHEMERAL | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.COMPONENTS_V2
)
MESSAGE_FIELDS = frozenset(
    [
        "content",
        "embeds",
        "embed",
        "attachments",
        "components",
        "flags",
        "allowed_mentions",
        "tts",
        "nonce",
        "enforce_nonce",
        "message_reference",
        "sticker_ids",
        "poll",
        "username",
        "avatar_url",
        "thread_name",
        "applied_tags",
        "shared_client_theme",
        "channel_id",
        "type",
        "mobile_network_type",
        "signal_strength",
    ]
)
EMBED_FIELDS = frozenset(
    [
        "type",
        "url",
        "title",
        "description",
        "color",
        "timestamp",
        "fields",
        "author",
        "provider",
        "image",
        "thumbnail",
        "video",
        "footer",
        "flags",
    ]
)

Path = tuple[str | int, ...]


def check_message(
    payload: Json, files: Mapping[int, Upload], *, previous: Message | None = None, at: Path = ()
) -> None:
    """Raise unless this would be a good new message, or a good edit of `previous`."""
    form = FormErrors()
    _check_lists(form, at, payload)
    for name in sorted(payload.keys() - MESSAGE_FIELDS):
        form.add((*at, name), "UNKNOWN_FIELD", "This field is not part of a message.")
    if payload.get("content") is not None:
        form.check_length((*at, "content"), payload["content"], 0, CONTENT_LENGTH)
    is_v2 = bool(_flags(payload, previous) & MessageFlag.COMPONENTS_V2)
    _check_flags(form, (*at, "flags"), payload.get("flags"))
    _check_embeds(form, (*at, "embeds"), payload.get("embeds") or [])
    check_components(form, (*at, "components"), payload.get("components") or [], is_v2=is_v2)
    known = {item.id for item in previous.attachments} if previous else set()
    _check_attachments(form, (*at, "attachments"), payload.get("attachments") or [], files, known)
    if is_v2:
        _check_v2(form, at, payload)
    form.raise_if_any()
    if _is_empty(payload, files, previous):
        raise empty_message()


def _check_lists(form: FormErrors, at: Path, payload: Json) -> None:
    """Raises at once: nothing else can be said about a list that is none."""
    for name in ("embeds", "components", "attachments"):
        value = payload.get(name)
        if value is not None and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
            form.add((*at, name), "LIST_TYPE_CONVERT", "Only a list of objects may be used here.")
    form.raise_if_any()


def _flags(payload: Json, previous: Message | None) -> int:
    """A message that once was Components V2 stays so."""
    kept = previous.flags & MessageFlag.COMPONENTS_V2 if previous else 0
    flags = payload.get("flags")
    return (flags if isinstance(flags, int) else 0) | int(kept)


def _check_flags(form: FormErrors, path: Path, flags: Any) -> None:
    if flags is None:
        return
    if not isinstance(flags, int) or isinstance(flags, bool):
        form.add(path, "NUMBER_TYPE_COERCE", "Must be an integer.")
    elif flags & ~int(CREATE_FLAGS):
        form.add(path, "MESSAGE_FLAGS_INVALID", "These flags cannot be set.")


def _check_v2(form: FormErrors, at: Path, payload: Json) -> None:
    for name in ("content", "embeds", "sticker_ids", "poll"):
        if payload.get(name):
            form.add(
                (*at, name),
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )


def _is_empty(payload: Json, files: Mapping[int, Upload], previous: Message | None) -> bool:
    if files:
        return False
    for name in ("content", "embeds", "attachments", "components", "sticker_ids", "poll"):
        value = payload[name] if name in payload else getattr(previous, name, None)
        if value.strip() if isinstance(value, str) else value:
            return False
    return True


def _check_embeds(form: FormErrors, path: Path, embeds: list[Json]) -> None:
    if len(embeds) > 10:
        form.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    for index, embed in enumerate(embeds):
        _check_embed(form, (*path, index), embed)
    if sum(_embed_length(embed) for embed in embeds) > EMBED_TOTAL:
        form.add(path, "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL} characters.")


def _check_embed(form: FormErrors, path: Path, embed: Json) -> None:
    for name in sorted(embed.keys() - EMBED_FIELDS):
        form.add((*path, name), "UNKNOWN_FIELD", "This field is not part of an embed.")
    for name, longest in (("title", 256), ("description", 4096)):
        if embed.get(name) is not None:
            form.check_length((*path, name), embed[name], 0, longest)
    for part, name, longest in (("footer", "text", 2048), ("author", "name", 256)):
        if embed.get(part):
            form.check_length((*path, part, name), embed[part].get(name, ""), 0, longest)
    fields = embed.get("fields") or []
    if len(fields) > 25:
        form.add((*path, "fields"), "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for index, item in enumerate(fields):
        form.check_length((*path, "fields", index, "name"), item.get("name"), 1, 256)
        form.check_length((*path, "fields", index, "value"), item.get("value"), 1, 1024)


def _embed_length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for item in embed.get("fields") or []:
        texts += [item.get("name"), item.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def _check_attachments(
    form: FormErrors, path: Path, attachments: list[Json], files: Mapping[int, Upload], known: Collection[str]
) -> None:
    """Every attachment names a file of this request, a finished upload, or one the message already has."""
    for index, item in enumerate(attachments):
        name = str(item.get("id", ""))
        is_new = name.isdigit() and int(name) in files
        if not (is_new or name in known or item.get("uploaded_filename")):
            form.add((*path, index, "id"), "ATTACHMENT_NOT_FOUND", "There is no file with this id.")
        if item.get("description") is not None:
            form.check_length((*path, index, "description"), item["description"], 0, 1024)
