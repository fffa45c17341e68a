"""Discord's own OpenAPI document as judge of the bot's requests and of our answers, when it is there."""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.errors import FormError
from bot.sandbox.openapi import Document, read_document
from bot.sandbox.wire import Reply

ID_KEY = re.compile(r"(^|_)ids?$|^(users|roles)$")


@dataclass(frozen=True)
class Violation:
    """`side` is "request" (the bot was refused) or "reply" (the stand-in itself was wrong)."""

    side: str
    method: str
    path: str
    message: str


class Contract:
    """Without a document, or without jsonschema, every check passes and `reason_missing` says why."""

    def __init__(self, document: Path | None) -> None:
        self.violations: list[Violation] = []
        self.reason_missing = _reason_missing(document)
        self._document: Document | None = None
        if document is not None and self.reason_missing is None:
            self._document = read_document(document)

    def check_request(self, method: str, path: str, payload: Any) -> None:
        """Raise 50035 for a body that the document forbids."""
        if self._document is None or payload is None:
            return
        pointer = self._document.find_schema(method, path, "requestBody")
        message = self._document.find_error(pointer, with_string_ids(payload)) if pointer else None
        if message is not None:
            self.violations.append(Violation("request", method, path, message))
            raise FormError({"_errors": [{"code": "CONTRACT", "message": message}]})

    def check_reply(self, method: str, path: str, reply: Reply) -> None:
        """Note, without refusing, an answer of ours that Discord would not give."""
        if self._document is None or reply.payload is None or reply.status >= 400:
            return
        pointer = self._document.find_schema(method, path, "responses", str(reply.status))
        message = self._document.find_error(pointer, reply.payload) if pointer else None
        if message is not None:
            self.violations.append(Violation("reply", method, path, message))

    def find_error(self, schema: str, value: Any) -> str | None:
        """Why a value is not what components/schemas calls `schema`; None when it is."""
        return self._document.find_error(f"/components/schemas/{schema}", value) if self._document else None


def _reason_missing(document: Path | None) -> str | None:
    if document is None:
        return "no OpenAPI document was given"
    if not document.is_file():
        return f"the OpenAPI document {document.name} is not there"
    if importlib.util.find_spec("jsonschema") is None:
        return "jsonschema is not installed"
    return None


def with_string_ids(value: Any) -> Any:
    """discord.py sends many ids as integers, which Discord accepts and the document does not."""
    if isinstance(value, Mapping):
        # The `id` of a component is a small number and stays one.
        is_component = "type" in value and isinstance(value.get("id"), int)
        return {key: item if is_component and key == "id" else _string_id(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_string_ids(item) for item in value]
    return value


def _string_id(key: str, item: Any) -> Any:
    is_id = ID_KEY.search(key) is not None
    if is_id and isinstance(item, int) and not isinstance(item, bool):
        return str(item)
    if is_id and isinstance(item, list):
        return [str(each) if isinstance(each, int) else with_string_ids(each) for each in item]
    return with_string_ids(item)
