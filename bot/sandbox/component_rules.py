"""What Discord accepts as buttons, selects, rows, V2 layouts and modals. Pure checks into a form of errors."""

from typing import Any

from bot.sandbox.errors import FormErrors
from bot.sandbox.message import walk_components
from bot.sandbox.wire import Json

Path = tuple[str | int, ...]

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
LABEL, FILE_UPLOAD = 18, 19
V2_TOP_LEVEL = (1, 9, 10, 12, 13, 14, 17)
MODAL_TOP_LEVEL = (1, 10, 18)
LINK, PREMIUM = 5, 6
MAX_V2 = 40


def check_components(form: FormErrors, path: Path, components: list[Json], *, is_v2: bool) -> None:
    if is_v2:
        if len(walk_components(components)) > MAX_V2:
            form.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"At most {MAX_V2} components are allowed.")
    elif len(components) > 5:
        form.add(path, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    allowed = V2_TOP_LEVEL if is_v2 else (ROW,)
    for index, component in enumerate(components):
        here = (*path, index)
        if component.get("type") not in allowed:
            form.add((*here, "type"), "UNION_TYPE_CHOICES", f"Value of field 'type' must be one of {allowed}.")
        _check_tree(form, here, component)
    _check_unique_ids(form, path, components)


def check_modal(form: FormErrors, path: Path, modal: Json) -> None:
    form.check_length((*path, "title"), modal.get("title"), 1, 45)
    form.check_length((*path, "custom_id"), modal.get("custom_id"), 1, 100)
    components = modal.get("components") or []
    if not 1 <= len(components) <= 5:
        form.add((*path, "components"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for index, component in enumerate(components):
        here = (*path, "components", index)
        if component.get("type") not in MODAL_TOP_LEVEL:
            form.add((*here, "type"), "UNION_TYPE_CHOICES", "This component cannot stand in a modal.")
        for item in walk_components([component]):
            if item.get("type") == TEXT_INPUT:
                _check_text_input(form, here, item, needs_label=component.get("type") == ROW)
        if component.get("type") == LABEL:
            form.check_length((*here, "label"), component.get("label"), 1, 45)
    _check_unique_ids(form, (*path, "components"), components)


def _check_tree(form: FormErrors, path: Path, component: Json) -> None:
    kind = component.get("type")
    if kind == ROW:
        _check_row(form, path, component)
    elif kind == BUTTON:
        _check_button(form, path, component)
    elif kind in SELECTS:
        _check_select(form, path, component)
    else:
        for index, child in enumerate(component.get("components") or []):
            _check_tree(form, (*path, "components", index), child)
        if component.get("accessory"):
            _check_tree(form, (*path, "accessory"), component["accessory"])


def _check_row(form: FormErrors, path: Path, row: Json) -> None:
    children = row.get("components") or []
    widths = sum(5 if child.get("type") in SELECTS else 1 for child in children)
    if not children or widths > 5:
        form.add(
            (*path, "components"),
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED" if children else "BASE_TYPE_BAD_LENGTH",
            "A row holds 1 to 5 buttons or one select.",
        )
    for index, child in enumerate(children):
        here = (*path, "components", index)
        if child.get("type") not in (BUTTON, *SELECTS):
            form.add((*here, "type"), "UNION_TYPE_CHOICES", "Only buttons and selects stand in a row.")
        _check_tree(form, here, child)


def _check_button(form: FormErrors, path: Path, button: Json) -> None:
    style = button.get("style")
    if not isinstance(style, int) or not 1 <= style <= PREMIUM:
        form.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6).")
    if button.get("label") is not None:
        form.check_length((*path, "label"), button["label"], 0, 80)
    if style == PREMIUM:
        return
    if not button.get("label") and not button.get("emoji"):
        form.add(path, "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji.")
    if style == LINK:
        if not button.get("url") or button.get("custom_id"):
            form.add((*path, "url"), "BUTTON_COMPONENT_URL_REQUIRED", "A link button has a url and no custom id.")
        return
    _check_custom_id(form, path, button)
    if button.get("url"):
        form.add((*path, "url"), "BUTTON_COMPONENT_URL_INVALID", "Only link buttons have a url.")


def _check_select(form: FormErrors, path: Path, select: Json) -> None:
    _check_custom_id(form, path, select)
    if select.get("placeholder") is not None:
        form.check_length((*path, "placeholder"), select["placeholder"], 0, 150)
    if select.get("type") != STRING_SELECT:
        return
    options = select.get("options") or []
    if not 1 <= len(options) <= 25:
        form.add((*path, "options"), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values):
        form.add((*path, "options"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is used")
    for index, option in enumerate(options):
        for name in ("label", "value"):
            form.check_length((*path, "options", index, name), option.get(name), 1, 100)
        if option.get("description"):
            form.check_length((*path, "options", index, "description"), option["description"], 0, 100)
    most = select.get("max_values")
    if isinstance(most, int) and most > len(options):
        form.add((*path, "max_values"), "NUMBER_TYPE_MAX", "There are not that many options.")


def _check_custom_id(form: FormErrors, path: Path, component: Json) -> None:
    custom_id: Any = component.get("custom_id")
    if custom_id is None or custom_id == "":
        form.required((*path, "custom_id"))
    else:
        form.check_length((*path, "custom_id"), custom_id, 1, 100)


def _check_text_input(form: FormErrors, path: Path, field: Json, *, needs_label: bool) -> None:
    _check_custom_id(form, path, field)
    if field.get("style") not in (1, 2):
        form.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2).")
    if needs_label:
        form.check_length((*path, "label"), field.get("label"), 1, 45)
    if field.get("value") is not None:
        form.check_length((*path, "value"), field["value"], 0, 4000)
    if field.get("placeholder") is not None:
        form.check_length((*path, "placeholder"), field["placeholder"], 0, 100)


def _check_unique_ids(form: FormErrors, path: Path, components: list[Json]) -> None:
    seen: set[str] = set()
    for component in walk_components(components):
        custom_id = component.get("custom_id")
        if isinstance(custom_id, str) and custom_id in seen:
            form.add(path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        if isinstance(custom_id, str):
            seen.add(custom_id)


def number_components(components: list[Json], start: int = 1) -> tuple[list[Json], int]:
    """A copy in which every component has the running `id` that Discord gives it."""
    numbered: list[Json] = []
    for component in components:
        item: Json = _without_nulls(component)
        item["id"] = item.get("id") or start
        start += 1
        if item.get("components"):
            item["components"], start = number_components(item["components"], start)
        for key in ("component", "accessory"):
            if item.get(key):
                (item[key],), start = number_components([item[key]], start)
        numbered.append(_with_defaults(item))
    return numbered, start


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _with_defaults(component: Json) -> Json:
    if component.get("type") in SELECTS:
        return {"min_values": 1, "max_values": 1, **component}
    return component
