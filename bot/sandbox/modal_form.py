"""A submitted form: checked against the modal that the bot opened, and put into that modal's shape."""

from typing import Any

from bot.sandbox import errors
from bot.sandbox.interaction import Modal
from bot.sandbox.message import walk_components
from bot.sandbox.wire import Json


def submitted_components(modal: Modal, given: list[Json]) -> list[Json]:
    """The filled form in the shape the bot built it in; forms with fields the bot did not name pass as they are."""
    values = {str(item["custom_id"]): item for item in walk_components(given) if item.get("custom_id")}
    fields = [item for item in walk_components(modal.components) if item.get("custom_id")]
    if not set(values) <= {str(item["custom_id"]) for item in fields}:
        return given
    form = errors.FormErrors()
    for item in fields:
        _check_field(form, item, values.get(str(item["custom_id"]), {}))
    form.raise_if_any()
    return [_filled(component, values) for component in modal.components if component.get("type") != 10]


def _check_field(form: errors.FormErrors, field: Json, given: Json) -> None:
    path = ("data", "components", str(field["custom_id"]))
    if field.get("type") != 4:
        return
    value = str(given.get("value") or "")
    if not value and field.get("required", True):
        form.required(path)
    elif value:
        form.check_length(path, value, int(field.get("min_length") or 0), int(field.get("max_length") or 4000))


def _filled(component: Json, values: dict[str, Json], number: int = 1) -> Json:
    filled: Json = {"type": component["type"], "id": component.get("id") or number}
    if component.get("components"):
        filled["components"] = [_filled(item, values) for item in component["components"]]
    if component.get("component"):
        filled["component"] = _filled(component["component"], values)
    if component.get("custom_id"):
        given: Any = values.get(str(component["custom_id"]), {})
        filled["custom_id"] = component["custom_id"]
        if component["type"] == 4:
            filled["value"] = str(given.get("value") or "")
        else:
            filled["values"] = [str(value) for value in given.get("values") or []]
    return filled
