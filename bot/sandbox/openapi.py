"""Discord's OpenAPI document as a checker of values. Unions are decided by `type`, so that an error names its cause.

jsonschema is a tool for development: it is imported only when a document is read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.sandbox.wire import Json

ROOT = "urn:discord"


@dataclass(frozen=True)
class PathItem:
    """One path of the document as a pattern for real paths."""

    pattern: re.Pattern[str]
    literals: int
    template: str


class Document:
    """Finds the schema of a request or an answer, and checks values against any. One is shared by all stand-ins."""

    def __init__(self, contents: Json) -> None:
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        self._paths: Json = contents["paths"]
        # The most literal template first, so that `@me` is not taken for an id.
        self._items = sorted((_path_item(template) for template in self._paths), key=lambda item: -item.literals)
        self._schemas: Json = contents["components"]["schemas"]
        self._registry: Any = Registry().with_resource(ROOT, DRAFT202012.create_resource(contents))
        self._validators: dict[str, Any] = {}

    def find_schema(self, method: str, path: str, *part: str) -> str | None:
        """The pointer to the JSON schema of a request body or of an answer, where the document has one."""
        for item in self._items:
            operation = self._paths[item.template].get(method.lower())
            if operation is None or not item.pattern.fullmatch(path):
                continue
            for name in part:
                operation = operation.get(name, {})
            steps = ("paths", item.template, method.lower(), *part, "content", "application/json", "schema")
            return _pointer(steps) if "application/json" in operation.get("content", {}) else None
        return None

    def find_error(self, pointer: str, value: Any) -> str | None:
        """Why a value does not fit the schema at a JSON pointer; None when it does."""
        from jsonschema.exceptions import best_match

        error = best_match(self._validator(pointer).iter_errors(value))
        if error is None:
            return None
        place = "/".join(str(part) for part in error.absolute_path) or "body"
        return f"{place}: {error.message[:300]}"

    def _validator(self, pointer: str) -> Any:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend

        if pointer not in self._validators:
            kind: Any = extend(Draft202012Validator, {"oneOf": self._check_union, "anyOf": self._check_union})
            self._validators[pointer] = kind({"$ref": f"{ROOT}#{pointer}"}, registry=self._registry)
        return self._validators[pointer]

    def _check_union(self, validator: Any, choices: list[Json], value: Any, _schema: Json) -> Iterator[Any]:
        """Only the choices that the value could mean are tried: the plain rule walks them all, ten times slower."""
        from jsonschema.exceptions import ValidationError

        possible = [choice for choice in choices if self._may_mean(choice, value)]
        found: list[Any] = []
        for choice in possible:
            found = list(validator.descend(value, choice))
            if not found:
                return
        if len(possible) == 1:
            yield from found
        else:
            yield ValidationError(f"{str(value)[:100]!r} is none of what is allowed here")

    def _may_mean(self, choice: Json, value: Any) -> bool:
        while "$ref" in choice:
            choice = self._schemas[choice["$ref"].rsplit("/", 1)[-1]]
        if choice.get("type") == "null" or value is None:
            types = choice.get("type")
            return value is None and (types == "null" or (isinstance(types, list) and "null" in types))
        if not isinstance(value, dict) or "type" not in value:
            return choice.get("type") != "object" or isinstance(value, dict)
        allowed = choice.get("properties", {}).get("type", {}).get("enum")
        return allowed is None or value["type"] in allowed


@lru_cache(maxsize=1)
def read_document(path: Path) -> Document:
    return Document(json.loads(path.read_text(encoding="utf-8")))


def _path_item(template: str) -> PathItem:
    parts = template.strip("/").split("/")
    literals = sum(not part.startswith("{") for part in parts)
    pattern = "".join("/[^/]+" if part.startswith("{") else f"/{re.escape(part)}" for part in parts)
    return PathItem(re.compile(pattern), literals, template)


def _pointer(steps: tuple[str, ...]) -> str:
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in steps)
    return "".join(f"/{step}" for step in escaped).replace("{", "%7B").replace("}", "%7D")
