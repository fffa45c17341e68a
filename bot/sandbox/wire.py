"""What crosses the HTTP wire: request bodies, JSON or multipart, and replies."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

Json = dict[str, Any]


@dataclass(frozen=True)
class Upload:
    """One file of a request, its name untouched."""

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Body:
    """A parsed request body; `files` are keyed by the number in `files[n]`."""

    payload: Any = None
    files: Mapping[int, Upload] = field(default_factory=dict)
    is_valid: bool = True


@dataclass(frozen=True)
class Reply:
    """What a route answers; `after` runs once the bytes are on their way."""

    status: int = 200
    payload: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    after: Callable[[], None] | None = None


NO_CONTENT = Reply(204)


def render_reply(reply: Reply) -> web.Response:
    if reply.payload is None:
        return web.Response(status=reply.status, headers=reply.headers)
    body = json.dumps(reply.payload, ensure_ascii=False, separators=(",", ":")).encode()
    # A charset suffix would make discord.py treat the answer as text.
    headers = {"Content-Type": "application/json", **reply.headers}
    return web.Response(status=reply.status, body=body, headers=headers)


async def read_body(request: web.Request) -> Body:
    if not request.can_read_body:
        return Body()
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request)
    if request.content_type in ("application/json", "text/plain"):
        return parse_json(await request.read())
    return Body()


def parse_json(raw: bytes) -> Body:
    if not raw:
        return Body()
    try:
        return Body(json.loads(raw))
    except ValueError:
        return Body(is_valid=False)


async def _read_multipart(request: web.Request) -> Body:
    payload: Any = {}
    files: dict[int, Upload] = {}
    is_valid = True
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=False))
        if part.name == "payload_json":
            body = parse_json(content)
            payload, is_valid = body.payload, body.is_valid
        elif part.filename is not None:
            files[_file_number(part.name or "", len(files))] = Upload(
                part.filename, content, part.headers.get("Content-Type", "application/octet-stream")
            )
        elif part.name and isinstance(payload, dict):
            payload[part.name] = content.decode()
    return Body(payload, files, is_valid)


def _file_number(field_name: str, fallback: int) -> int:
    found = re.fullmatch(r"files?\[(\d+)\]", field_name)
    return int(found[1]) if found else fallback
