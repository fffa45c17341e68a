"""Discord's own OpenAPI document as judge of the bot's requests and of our answers, when it is there."""

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.sandbox.errors import FormError
from bot.sandbox.wire import Json, Reply

ROOT = "urn:discord"
ID_KEY = re.compile(r"(^|_)ids?$|^(users|roles)$")


@dataclass(frozen=True)
class Violation:
    """`side` is "request" (the bot was refused) or "reply" (the stand-in itself was wrong)."""

    side: str
    method: str
    path: str
    message: str


@dataclass(frozen=True)
class Operation:
    pattern: re.Pattern[str]
    literals: int
    template: str


class Contract:
    """Without a document, or without jsonschema, every check passes and `reason_missing` says why."""

    def __init__(self, document: Path | None) -> None:
        self.violations: list[Violation] = []
        self.reason_missing = _reason_missing(document)
        self._paths: Json = {}
        self._operations: list[Operation] = []
        self._validators: dict[str, Any] = {}
        self._registry: Any = None
        if document is not None and self.reason_missing is None:
            self._load(document)

    def check_request(self, method: str, path: str, payload: Any) -> None:
        """Raise 50035 for a body that the document forbids."""
        operation = self._find(method, path)
        if operation is None or payload is None:
            return
        content = self._paths[operation.template][method.lower()].get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return
        pointer = _pointer(operation.template, method, "requestBody", "content", "application/json", "schema")
        message = self._first_error(pointer, with_string_ids(payload))
        if message is not None:
            self.violations.append(Violation("request", method, path, message))
            raise FormError({"_errors": [{"code": "CONTRACT", "message": message}]})

    def check_reply(self, method: str, path: str, reply: Reply) -> None:
        """Note, without refusing, an answer of ours that Discord would not give."""
        operation = self._find(method, path)
        if operation is None or reply.payload is None or reply.status >= 400:
            return
        responses = self._paths[operation.template][method.lower()]["responses"]
        if "application/json" not in responses.get(str(reply.status), {}).get("content", {}):
            return
        pointer = _pointer(
            operation.template, method, "responses", str(reply.status), "content", "application/json", "schema"
        )
        message = self._first_error(pointer, reply.payload)
        if message is not None:
            self.violations.append(Violation("reply", method, path, message))

    def find_error(self, schema: str, value: Any) -> str | None:
        """Why a value is not what components/schemas calls `schema`; None when it is."""
        return self._first_error(f"/components/schemas/{schema}", value)

    def _load(self, document: Path) -> None:
        self._paths, self._registry = _read_document(document)
        operations = [_operation(template) for template in self._paths]
        self._operations = sorted(operations, key=lambda item: -item.literals)

    def _find(self, method: str, path: str) -> Operation | None:
        for operation in self._operations:
            if operation.pattern.fullmatch(path) and method.lower() in self._paths[operation.template]:
                return operation
        return None

    def _first_error(self, pointer: str, value: Any) -> str | None:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        if self._registry is None:
            return None
        if pointer not in self._validators:
            schema = {"$ref": f"{ROOT}#{pointer}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        error = best_match(self._validators[pointer].iter_errors(value))
        if error is None:
            return None
        place = "/".join(str(part) for part in error.absolute_path) or "body"
        return f"{place}: {error.message[:300]}"


@lru_cache(maxsize=1)
def _read_document(document: Path) -> tuple[Json, Any]:
    """The paths, and a registry in which `$ref`s resolve: a megabyte that many stand-ins of one run share."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    contents = json.loads(document.read_text(encoding="utf-8"))
    return contents["paths"], Registry().with_resource(ROOT, DRAFT202012.create_resource(contents))


def _reason_missing(document: Path | None) -> str | None:
    if document is None:
        return "no OpenAPI document was given"
    if not document.is_file():
        return f"the OpenAPI document {document.name} is not there"
    if importlib.util.find_spec("jsonschema") is None:
        return "jsonschema is not installed"
    return None


def _operation(template: str) -> Operation:
    parts = template.strip("/").split("/")
    literals = sum(not part.startswith("{") for part in parts)
    pattern = "".join("/[^/]+" if part.startswith("{") else f"/{re.escape(part)}" for part in parts)
    return Operation(re.compile(pattern), literals, template)


def _pointer(template: str, method: str, *rest: str) -> str:
    parts = ["paths", template, method.lower(), *rest]
    return "".join("/" + _escape(part) for part in parts)


def _escape(part: str) -> str:
    escaped = part.replace("~", "~0").replace("/", "~1")
    return escaped.replace("{", "%7B").replace("}", "%7D")


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
