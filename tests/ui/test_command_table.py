"""Every command as a table: what it asks for, where it works is in `test_guests`, and who sees its answer.

Names, kinds and order of options are those that members and client programs know; more of our own may follow.
"""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.sandbox import Member, Upload
from bot.sandbox.wire import Json
from engine.protocol import Ability, ModelInfo
from tests.fakes import FakeEngine
from tests.odd_pictures import READABLE
from tests.ui.conftest import Scene, draw, press_for_result

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
TEXT, MEMBER, FILE = 3, 6, 11

KNOWN: dict[str, list[tuple[str, int, bool]]] = {
    "imagine": [("prompt", TEXT, True)],
    "blend": [
        ("image1", FILE, True),
        ("image2", FILE, True),
        ("dimensions", TEXT, False),
        ("image3", FILE, False),
        ("image4", FILE, False),
        ("image5", FILE, False),
    ],
    "describe": [("image", FILE, False), ("link", TEXT, False)],
    "shorten": [("prompt", TEXT, True)],
    "show": [("job_id", TEXT, True)],
    "settings": [],
    "info": [],
    "prefer option set": [("option", TEXT, True), ("value", TEXT, False)],
    "prefer option list": [],
    "prefer suffix": [("new_value", TEXT, False)],
    "prefer remix": [],
    "prefer variability": [],
    "prefer auto_dm": [],
    "fast": [],
    "relax": [],
    "turbo": [],
    "stealth": [],
    "private": [],
    "public": [],
    "subscribe": [],
    "invite": [],
    "help": [],
    "ask": [("question", TEXT, True)],
    "userid": [],
    "docs": [("doc", TEXT, True), ("mention", MEMBER, False)],
    "faq": [("faq", TEXT, True), ("mention", MEMBER, False)],
    "list_personalize_codes": [],
}
WITH_SUGGESTIONS = {("prefer option set", "option"), ("docs", "doc"), ("faq", "faq")}
MENU = {"Cancel Job", "DM Results", "Report Job"}


def leaves(definition: Json) -> dict[str, Json]:
    """Every command that can be called, by its full name."""
    branches = [option for option in definition.get("options") or [] if option["type"] in (1, 2)]
    inner = {f"{definition['name']} {path}": leaf for branch in branches for path, leaf in leaves(branch).items()}
    return inner or {definition["name"]: definition}


async def test_every_command_asks_for_what_is_known(scene: Scene) -> None:
    registered = scene.sandbox.world.commands.registered(None)
    assert {command.name for command in registered if command.type == 3} == MENU
    here = {path: leaf for command in registered for path, leaf in leaves(command.definition).items()}
    for path, options in KNOWN.items():
        given = here[path].get("options") or []
        asked = [(option["name"], option["type"], bool(option.get("required"))) for option in given]
        assert asked[: len(options)] == options, path
        for option in given:
            assert bool(option.get("autocomplete")) == ((path, option["name"]) in WITH_SUGGESTIONS), path
    descriptions = [o["description"] for leaf in here.values() for o in leaf.get("options") or []]
    assert "…" not in descriptions
    [dimensions] = [option for option in here["blend"]["options"] if option["name"] == "dimensions"]
    assert [choice["value"] for choice in dimensions["choices"]] == ["--ar 2:3", "--ar 1:1", "--ar 3:2"]
    assert [choice["name"] for choice in dimensions["choices"]] == ["Portrait", "Square", "Landscape"]


def documented() -> dict[str, str]:
    """What the page says about who sees the answer, by command; operators' commands have tests of their own."""
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `/")]
    answers = {row[0].removeprefix("| `/").rstrip("`"): row[2] for row in rows}
    return {name: who for name, who in answers.items() if not name.startswith("admin")}


async def a_job(member: Member) -> Json:
    """A single picture."""
    return await press_for_result(member, await draw(member, "a fox"), "U1")


def job_id(message: Json) -> str:
    return re.sub(r".*_([0-9a-f-]{36})\..*", r"\1", message["attachments"][0]["filename"])


PICTURE = Upload("red.png", READABLE["16 bit png"].data)
OTHER = Upload("grey.png", READABLE["16 bit grey"].data)


def a_mask() -> Upload:
    image = Image.new("L", (64, 64))
    image.paste(255, (16, 16, 48, 48))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Upload("mask.png", buffer.getvalue())


VALUES: dict[str, dict[str, Any]] = {
    "imagine": {"prompt": "a red fox in snow"},
    "shorten": {"prompt": "a red fox in snow"},
    "blend": {"image1": PICTURE, "image2": OTHER},
    "style": {"content": PICTURE, "style": OTHER},
    "describe": {"image": PICTURE},
    "upscale": {"image": PICTURE},
    "prefer option set": {"option": "mine", "value": "--ar 3:2"},
    "prefer variety": {"amount": 5},
    "ask": {"question": "How do I draw?"},
    "docs": {"doc": "/turbo"},
    "faq": {"faq": "how to delete pictures"},
    "style_code share": {"code": "123"},
    "style_code remove": {"code": "123"},
    "style_code save": {"words": "fog"},
}


@pytest.mark.parametrize("name", documented())
async def test_who_sees_the_answer(scene: Scene, name: str) -> None:
    """The first message decides: a deferred answer cannot change who sees it."""
    if name in ("blend", "describe"):
        await scene.close()
        scene.engine = FakeEngine([ModelInfo("fake", "fake", 64, 64, 4, True, abilities=frozenset(Ability))])
        await scene.open()
    ada = await scene.member()
    values = dict(VALUES.get(name, {}))
    if name in ("show", "region"):
        values |= {"job_id": job_id(await a_job(ada))} | ({"mask": a_mask()} if name == "region" else {})
    answer = await ada.response(await ada.slash(name, **values))
    assert ("alone" if answer["flags"] & 64 else "everyone") == documented()[name]
