"""Finds every text of ours in the code, and brings the catalogues up to it: `python -m tests.words.collect`.

New texts are added with nothing said yet, texts that are gone are dropped, and all stand in the order of the code.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from discord import app_commands

from bot.ui.client import Client
from bot.ui.translator import RENAMED
from bot.words.language import CODES, FOLDER, NAME, read_catalogue

CODE = Path(__file__).parents[2] / "bot"
SAYING = {"say", "spoken", "Said", "note"}
COUNTING = {"say_counted", "counted"}
COMMANDS = "bot/ui/commands"
OF_OPERATORS = ("admin",)
"""Commands that only operators see; they are in English."""


@dataclass(frozen=True)
class Text:
    """One entry of a catalogue. `context` tells what a command is called from what is said."""

    english: str
    many: str = ""
    context: str | None = None
    where: str = ""

    @property
    def identity(self) -> str | tuple[str, str]:
        return (self.english, self.many) if self.many else self.english

    @property
    def key(self) -> tuple[str, str, str | None]:
        return self.english, self.many, self.context


def collect() -> dict[tuple[str, str, str | None], Text]:
    files = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(CODE.rglob("*.py"))]
    errors = _errors_among([tree for _, tree in files])
    texts = [text for path, tree in files for text in _texts_in(tree, errors, str(path.relative_to(CODE.parent)))]
    found: dict[tuple[str, str, str | None], Text] = {}
    for text in [*command_texts(), *texts]:
        found.setdefault(text.key, text)
    return found


def list_unspeakable() -> list[str]:
    """Places where an error or a text of ours is given as an f-string, which no catalogue can hold."""
    files = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(CODE.rglob("*.py"))]
    errors = _errors_among([tree for _, tree in files])
    return [
        f"{path.relative_to(CODE.parent)}:{call.lineno}"
        for path, tree in files
        for call, first in _sayings(tree, errors)
        if isinstance(first, ast.JoinedStr)
    ]


PLACES = {
    ("Button", "label"): 80,
    ("_button", ""): 80,
    ("text_form", "title"): 45,
    ("TextInput", "label"): 45,
    ("SelectOption", "label"): 100,
    ("SelectOption", "description"): 100,
    ("Select", "placeholder"): 150,
    ("Embed", "title"): 256,
    ("add_field", "name"): 256,
}
"""Characters that Discord takes where a text is given to a function, by name or, with an empty one, without."""


def list_limits() -> Iterator[tuple[str, int]]:
    """Texts that stand where Discord takes few characters, each with how many."""
    for path in sorted(CODE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        given = {
            node.targets[0].id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            arguments = [*((each.arg or "", each.value) for each in call.keywords), *(("", each) for each in call.args)]
            for place, value in arguments:
                if limit := PLACES.get((name, place)):
                    named = given.get(value.id, value) if isinstance(value, ast.Name) else value
                    yield from ((text, limit) for text in _said_within(named))


def _said_within(value: ast.expr) -> Iterator[str]:
    for call in ast.walk(value):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYING and call.args:
            yield from _constants(call.args[0])


def _errors_among(trees: list[ast.Module]) -> set[str]:
    """The names of all `StudioError`s: what they are raised with is told to members."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"StudioError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def _sayings(tree: ast.Module, errors: set[str]) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls that say something, with what is said."""
    supers = {
        id(call)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in errors
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__"
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and call.args:
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name in SAYING | COUNTING | errors or id(call) in supers:
                yield call, call.args[0]


def _texts_in(tree: ast.Module, errors: set[str], where: str) -> Iterator[Text]:
    calls = sorted(_sayings(tree, errors), key=lambda found: (found[0].lineno, found[0].col_offset))
    for call, first in calls:
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if name in COUNTING:
            for one, many in zip(_constants(first), _constants(call.args[1]), strict=True):
                yield Text(one, many, where=where)
        else:
            yield from (Text(each, where=where) for each in _constants(first) if _has_words(each))


def _constants(said: ast.expr) -> list[str]:
    match said:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*_constants(one), *_constants(other)]
        case _:
            return []


def _has_words(text: str) -> bool:
    rest = text
    while "{" in rest:
        before, _, after = rest.partition("{")
        rest = before + after.partition("}")[2]
    return any(letter.isalpha() for letter in rest)


def command_tree() -> app_commands.CommandTree[Any]:
    """All commands, of a bot that is not connected."""
    client = Client()
    client.open(cast("Any", None))
    return client.tree


def command_texts() -> list[Text]:
    return [text for command in _commands(command_tree()) for text in _texts_of(command)]


def _commands(tree: app_commands.CommandTree[Any]) -> Iterator[Any]:
    for command in tree.get_commands():
        if command.name not in OF_OPERATORS:
            yield command
            if isinstance(command, app_commands.Group):
                yield from command.walk_commands()


def _texts_of(command: Any) -> Iterator[Text]:
    if isinstance(command, app_commands.ContextMenu):
        yield Text(command.name, context=NAME, where=COMMANDS)
        return
    if command.name in RENAMED:
        yield Text(command.name, context=NAME, where=COMMANDS)
    yield Text(command.description, where=COMMANDS)
    for parameter in getattr(command, "parameters", []):
        if _has_words(str(parameter.description)):
            yield Text(str(parameter.description), where=COMMANDS)
        yield from (Text(choice.name, where=COMMANDS) for choice in parameter.choices)


def update() -> None:
    texts = collect()
    for code in CODES:
        known = read_catalogue(code)
        written = Catalog(locale=known.locale)
        for text in texts.values():
            before = known.get(text.identity, text.context)
            written.add(text.identity, before.string if before else "", [(text.where, 1)], context=text.context)
        with (FOLDER / f"{code}.po").open("wb") as file:
            file.write(_header(code, known).encode())
            write_po(file, written, width=0, omit_header=True, include_lineno=False)


def _header(code: str, catalogue: Catalog) -> str:
    lines = ("Content-Type: text/plain; charset=utf-8", f"Language: {code}", f"Plural-Forms: {catalogue.plural_forms}")
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


if __name__ == "__main__":
    update()
