"""The pages point at what there is: links, headings, files, tests, programs, settings, commands and figures."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from bot.config import DATABASE_VARIABLE, SECRETS, Config
from bot.domain.prompt.table import NAMES

ROOT = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("engine/starter/*.md"))
}
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
FOLDERS = ("bot", "engine", "migrations", "tests", "benchmarks", "docs")
NOT_OURS = {"apple.png", "fox.png", "config.toml", "easel.toml", "grid.png", "upscaled.png", "variation.png"}
"""Files that the reader has or gets."""

EACH_PAGE = pytest.mark.parametrize("page", PAGES)
FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FILE = re.compile(r"([\w.*/-]+\.(?:py|md|toml|po|service|png|webp|txt|css|js|html|json))(?:: (\w+))?")


def prose(page: str) -> str:
    return FENCE.sub("", PAGES[page])


def spans(text: str) -> list[str]:
    """What stands in backticks, each on one line."""
    return [" ".join(span.split()) for _, span in SPAN.findall(FENCE.sub("", text))]


def commands(text: str) -> Iterator[str]:
    """What a reader may type: backticks, fences and indented lines."""
    yield from spans(text)
    for fence in FENCE.findall(text):
        yield from fence.splitlines()
    yield from (line for line in text.splitlines() if line.startswith("    "))


def anchors(page: str) -> set[str]:
    """The names that GitHub gives to headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@EACH_PAGE
def test_links_lead_somewhere(page: str) -> None:
    for _, _, target in LINK.findall(SPAN.sub("", prose(page))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
        assert found.exists(), target
        assert not anchor or anchor in anchors(str(found.relative_to(ROOT))), target


@EACH_PAGE
def test_pictures_are_described_for_those_who_hear_the_page(page: str) -> None:
    for sign, words, target in LINK.findall(prose(page)):
        assert not sign or len(words.split()) >= 4, target


def test_the_first_page_leads_to_all_others() -> None:
    targets = {target.partition("#")[0] for _, _, target in LINK.findall(PAGES["README.md"])}
    assert {page for page in PAGES if page.startswith("docs/")} <= targets


@EACH_PAGE
def test_no_two_headings_of_a_page_have_one_name(page: str) -> None:
    assert len(anchors(page)) == len(re.findall(r"^#+ .+$", prose(page), re.MULTILINE))


@EACH_PAGE
def test_files_and_tests_that_are_named_are_there(page: str) -> None:
    beside = [ROOT, (ROOT / page).parent, ROOT / "engine"]
    for span in spans(PAGES[page]):
        if not (named := FILE.fullmatch(span)) or span in NOT_OURS or span.startswith("/"):
            continue
        found = [file for folder in beside for file in folder.glob(named[1])]
        assert found, span
        if named[2]:
            assert any(re.search(rf"\b(def|class) {named[2]}\b", file.read_text("utf-8")) for file in found), span


@EACH_PAGE
def test_folders_and_modules_that_are_named_are_there(page: str) -> None:
    text = PAGES[page]
    for name in {*spans(text), *re.findall(r"^(?:[\w/]+)(?= {2,}\S)", "\n".join(FENCE.findall(text)), re.MULTILINE)}:
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})(?:[./]\w+)+/?", name) and name not in settings():
            path = ROOT / name.replace(".", "/")
            owner = path.parent if path.parent != ROOT else path
            assert path.exists() or path.with_suffix(".py").exists() or owner.with_suffix(".py").exists(), name


def programs(text: str) -> Iterator[tuple[str, str]]:
    """The module of each `python -m`, and the rest of the command."""
    for command in commands(text):
        yield from re.findall(r"python -m ((?:bot|engine|benchmarks|migrations|tests)[\w.]*)([^|#]*)", command)


def source_of(module: str) -> str:
    """Of what stands behind `python -m`."""
    path = ROOT / module.replace(".", "/")
    files = [path.with_suffix(".py")] if path.with_suffix(".py").exists() else sorted(path.glob("*.py"))
    return "".join(file.read_text(encoding="utf-8") for file in files if path.is_dir() or file.exists())


@EACH_PAGE
def test_programs_have_the_commands_and_options_that_are_named(page: str) -> None:
    for module, rest in programs(PAGES[page]):
        source = source_of(module)
        assert "__main__" in source or "def main" in source, module
        named = re.match(r" ([a-z]+)", rest)
        assert not named or re.search(rf'add_parser\(\s*"{named[1]}"', source), f"{module}{rest}"
        for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest):
            assert option == "--help" or f'"{option}"' in source, f"{module} {option}"


@EACH_PAGE
def test_what_is_to_be_made_can_be_made(page: str) -> None:
    known = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for command in commands(PAGES[page]):
        assert set(re.findall(r"(?:^|&& )make ([a-z]+)", command)) <= known, command


@cache
def settings() -> frozenset[str]:
    """All of them by their dotted names, those of lists without numbers."""
    return frozenset(_names(Config, ""))


def _names(section: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield prefix + name
        for inner in _sections(field.annotation):
            yield from _names(inner, f"{prefix}{name}.")


def _sections(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)


@EACH_PAGE
def test_settings_that_are_named_are_settings(page: str) -> None:
    tops = {name for name in settings() if "." not in name}
    for span in spans(PAGES[page]):
        table = re.fullmatch(r"\[+([a-z._]+)\]+(?: (\w+)(?: = .*)?)?", span)
        if table:
            assert ".".join(filter(None, table.groups())) in settings(), span
        elif re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", span) and span.partition(".")[0] in tops and not _is_code(span):
            assert span in settings(), span


def _is_code(name: str) -> bool:
    return (ROOT / f"{name.replace('.', '/')}.py").exists() or FILE.fullmatch(name) is not None


@EACH_PAGE
def test_settings_that_are_written_out_are_taken(page: str) -> None:
    for text in re.findall(r"```toml\n(.*?)```", PAGES[page], re.DOTALL):
        written = tomllib.loads(text)
        assert Config.model_validate({"web": {"public_url": "local"}, **written}) != Config()


@EACH_PAGE
def test_versions_that_are_named_are_those_that_are_pinned(page: str) -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [version for version in re.findall(r"[\w-]+==[\w.]+", PAGES[page]) if version not in pinned] == []


@EACH_PAGE
def test_variables_of_the_environment_are_read(page: str) -> None:
    assert set(re.findall(r"\bEASEL_[A-Z_]+\b", PAGES[page])) <= {*SECRETS.values(), DATABASE_VARIABLE}


@EACH_PAGE
def test_commands_of_the_chat_are_commands(page: str) -> None:
    known = re.findall(r"^\| `(/[^`]+)`", PAGES["docs/commands.md"], re.MULTILINE)
    words = {tuple(command.split()[:count]) for command in known for count in (1, 2, 3)}
    groups = {command.split()[0] for command in known if " " in command}
    for span in spans(PAGES[page]):
        command, *more = span.split()
        if re.fullmatch(r"/[a-z_]+", command):
            assert (command,) in words, span
            assert command not in groups or (command, *more[:2]) in words or (command, *more[:1]) in words, span


def sections_of_figures() -> list[tuple[str, str]]:
    """The program that each section is about, and its text."""
    parts = re.split(r"^## ", PAGES["docs/figures.md"], flags=re.MULTILINE)[1:]
    return [(found[1], part) for part in parts if (found := re.search(r"`(?:python -m )?([\w. ]+?)(?: --.*)?`", part))]


@pytest.mark.parametrize(("program", "section"), sections_of_figures())
def test_figures_have_the_names_that_programs_print(program: str, section: str) -> None:
    source = source_of("bot.demo" if program == "make demo" else program)
    assert source
    for span in spans(section.partition("\n")[2]):
        if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", span):
            assert span in source or span.removeprefix("fast_") in source, span
        for option in re.findall(r"--([a-z-]+)", span):
            assert f'"--{option}"' in source or option in NAMES, span


@cache
def other_texts() -> tuple[str, ...]:
    """All that speaks to operators beside the pages."""
    files = [file for folder in ("bot", "engine", "benchmarks") for file in (ROOT / folder).rglob("*.py")]
    files.append(ROOT / "docs" / "easel.service")
    return (*(file.read_text(encoding="utf-8") for file in files), EXAMPLE, MAKEFILE)


def test_pages_that_the_code_names_are_there() -> None:
    named = {name for text in other_texts() for name in re.findall(r"\bdocs/[\w-]+\.\w+", text)}
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_nobody_is_told_to_install_us_from_an_index() -> None:
    """None has us; there the name is somebody else's, or free for anybody to take."""
    told = [line for text in (*PAGES.values(), *other_texts()) for line in re.findall(r"pip install.*", text)]
    assert told
    assert [line for line in told if re.search(r"\beasel\b", line)] == []


def test_pictures_and_books_survive_make_clean() -> None:
    """As docs/running.md says: everything else can be had again."""
    removed = re.findall(r"^clean:.*\n((?:\t.*\n?)+)", MAKEFILE, re.MULTILINE)
    assert removed
    assert "data" not in removed[0].split()
