"""The seventy tricky prompts of people's habit, each by its number, and what they must give."""

import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import InvalidParameter, InvalidPrompt, NotEnoughRatings, NotInPlan, PromptError
from bot.domain.prompt import (
    GenerationParams,
    PromptPreferences,
    PromptRules,
    Speed,
    Submission,
    parse_submission,
)
from bot.domain.prompt.parameters import ImageLink, StyleReference

BASIC = PromptRules(batch_limit=4, has_relax=False, has_stealth=False)
STANDARD = PromptRules(batch_limit=10)
LOOKS = PromptPreferences(options={"hero": "a tall red-haired sailor,", "look": "--ar 3:2 --raw"})
RATED = PromptPreferences(profile="p6uvzxg", profiles={1234: "gyuvzx1"})
A, B = "https://ex.org/a.png", "https://ex.org/b.png"


def number(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    return [f"row {row[0]}" for row in rows]


def read(raw: str, preferences: PromptPreferences | None = None, rules: PromptRules | None = None) -> Submission:
    numbers = count(1_000)
    return parse_submission(raw, draw=lambda: next(numbers), preferences=preferences, rules=rules)


def one(raw: str, preferences: PromptPreferences | None = None) -> GenerationParams:
    (prompt,) = read(raw, preferences).prompts
    return prompt.params


def echoes(raw: str, preferences: PromptPreferences | None = None, rules: PromptRules | None = None) -> list[str]:
    return [prompt.echo for prompt in read(raw, preferences, rules).prompts]


def texts(raw: str) -> list[tuple[str, float]]:
    params = one(raw)
    return [(part.text, part.weight) for part in params.parts] or [(params.text, 1)]


def refusal(raw: str, preferences: PromptPreferences | None = None, rules: PromptRules | None = None) -> PromptError:
    with pytest.raises(PromptError) as caught:
        read(raw, preferences, rules)
    assert 20 < len(caught.value.sentence) < 700
    return caught.value


TEXTS = [
    ("1", "harbour at dusk", [("harbour at dusk", 1)]),
    ("8", "harbour -v 6", [("harbour -v 6", 1)]),
    ("21", "space:: ship", [("space", 1), ("ship", 1)]),
    ("22", "space::2 ship", [("space", 2), ("ship", 1)]),
    ("23", "space:: ship::2", [("space", 1), ("ship", 2)]),
    ("24", "space:: 2 ships", [("space", 1), ("2 ships", 1)]),
    ("25", "space ::2 ship ::.5", [("space", 2), ("ship", 0.5)]),
    ("26", "tulips:: red::-.5", [("tulips", 1), ("red", -0.5)]),
    ("31", "call std::vector a tree", [("call std", 1), ("vector a tree", 1)]),
    ("32", "clock showing 10::30", [("clock showing 10", 30)]),
    ("33", "a:: b:: --ar 2:3", [("a", 1), ("b", 1)]),
    ("37", "<https://s.mj.run/AbC-dEf1234> owl", [("owl", 1)]),
    ("45", r"code \{x\}", [("code {x}", 1)]),
    ("53", "owl in a {box", [("owl in a {box", 1)]),
    ("58", 'sign that reads "OPEN — 24h"', [('sign that reads "OPEN -- 24h"', 1)]),
    ("59", "old house—small and red", [("old house--small and red", 1)]),
    ("59a", "wide valley—ar 16:9", [("wide valley--ar 16:9", 1)]),
    ("60", "owl\nin fog\n--ar 3:2", [("owl in fog", 1)]),
    ("64", "猫 夜の港 --niji 6 --ar 2:3", [("猫 夜の港", 1)]),
    ("65", "猫：：2 犬", [("猫：：2 犬", 1)]),
    ("68", "a **bold** fox", [("a bold fox", 1)]),
]


@pytest.mark.parametrize(("row", "raw", "expected"), TEXTS, ids=number(TEXTS))
def test_row_of_texts(row: str, raw: str, expected: list[tuple[str, float]]) -> None:
    assert texts(raw) == expected


PARAMETERS = [
    ("2", "harbour at dusk —ar 16:9", {"aspect": (16, 9), "text": "harbour at dusk"}),
    ("3", "harbour --ar 16:9 —v 6.1", {"aspect": (16, 9), "version": "6.1"}),
    ("10", "harbour --ar 32:18", {"aspect": (32, 18)}),
    ("17", "harbour --seed 1 --seed 2", {"seed": 1}),
    ("18", "harbour --w 500", {"weird": 500}),
    ("19", "harbour --style raw --v 7", {"raw": True, "style": "", "version": "7"}),
    ("29", "tulips --no red", {"text": "tulips", "negative": "red"}),
    ("30", "tulips --no red, pale blue --no text", {"text": "tulips", "negative": "red, pale blue, text"}),
    ("35", f"{A} {B}", {"text": "", "images": (ImageLink(A), ImageLink(B))}),
    (
        "36",
        f"owl {A}::4 {B}::1 --iw .5",
        {"text": "owl", "images": (ImageLink(A, 4), ImageLink(B)), "image_weight": 0.5, "parts": ()},
    ),
    (
        "37",
        "<https://s.mj.run/AbC-dEf1234> owl",
        {"images": (ImageLink("https://s.mj.run/AbC-dEf1234"),)},
    ),
    (
        "38",
        f"owl --sref {A}::2 8831 --sw 300",
        {
            "style_references": (StyleReference(A, 2), StyleReference("8831")),
            "style_weight": 300,
            "images": (),
        },
    ),
    ("59a", "wide valley—ar 16:9", {"aspect": (1, 1)}),
    ("59b", "wide valley –ar 16:9", {"aspect": (16, 9), "text": "wide valley"}),
    ("59b", "wide valley –-ar 16:9", {"aspect": (16, 9), "text": "wide valley"}),
    ("59b", "wide valley -–ar 16:9", {"aspect": (16, 9), "text": "wide valley"}),
    ("60", "owl\nin fog\n--ar 3:2", {"aspect": (3, 2)}),
    (
        "61",
        f"{A} slow turn of the head --video --motion high --loop",
        {"video": True, "motion": "high", "loop": True, "images": (ImageLink(A),)},
    ),
    ("63", "owl --q 3 --v 7", {"quality": 4.0}),
    ("64", "猫 夜の港 --niji 6 --ar 2:3", {"version": "niji 6", "aspect": (2, 3)}),
    ("67", "owl --hd --v 8.1", {"hd": True, "version": "8.1"}),
]


@pytest.mark.parametrize(("row", "raw", "expected"), PARAMETERS, ids=number(PARAMETERS))
def test_row_of_parameters(row: str, raw: str, expected: dict[str, object]) -> None:
    params = one(raw)
    assert {name: getattr(params, name) for name in expected} == expected


REFUSALS = [
    ("4", "harbour --AR 16:9", InvalidParameter, "Unrecognized parameter(s): AR"),
    ("5", "harbour --ar16:9", InvalidParameter, "Unrecognized parameter(s): ar16:9"),
    ("6", "harbour --v6", InvalidParameter, "Unrecognized parameter(s): v6"),
    ("7", "harbour -- ar 16:9", InvalidParameter, "`--ar 16:9`"),
    ("9", "harbour --ar 1.5:1", InvalidParameter, "whole numbers"),
    ("11", "harbour --ar 16:9, --v 6.1", InvalidParameter, "`--ar 16:9`"),
    ("12", "harbour --ar 16:9 with gulls", InvalidParameter, "Unrecognized parameter(s): with, gulls"),
    ("13", "harbour --tile gulls", InvalidParameter, "Unrecognized parameter(s): gulls"),
    (
        "14",
        "harbour --s 1001 --v 7",
        InvalidParameter,
        "`--stylize` must be between 0 and 1000 with `--version 7`",
    ),
    ("15", "harbour --stop 5", InvalidParameter, "between 10 and 100"),
    ("16", "harbour --seed 4294967296", InvalidParameter, "between 0 and 4294967295"),
    ("20", f"harbour --v 7 --cref {A}", InvalidParameter, "`--cref` is not compatible with `--version 7`"),
    ("27", "tulips:: red::-1", InvalidPrompt, "above 0"),
    ("28", "tulips::1 red::-.4 blue::-.7", InvalidPrompt, "-0.1"),
    ("34", A, InvalidPrompt, "only a single image prompt"),
    ("55", "owl --look", InvalidParameter, "Unrecognized parameter(s): look"),
    ("56", "owl --p", NotEnoughRatings, "rated"),
    ("62", "owl --video", InvalidParameter, "picture to start from"),
]


@pytest.mark.parametrize(("row", "raw", "error", "says"), REFUSALS, ids=number(REFUSALS))
def test_row_of_refusals(row: str, raw: str, error: type[PromptError], says: str) -> None:
    refused = refusal(raw)
    assert type(refused) is error
    assert says in refused.sentence


ECHOES = [
    ("19", "harbour --style raw --v 7", ["harbour --raw --v 7.0"]),
    ("37", "<https://s.mj.run/AbC-dEf1234> owl", ["<https://s.mj.run/AbC-dEf1234> owl"]),
    ("39", "owl --sref random --r 3", ["owl --sref 1000", "owl --sref 1002", "owl --sref 1004"]),
    ("40", "a {red, blue} owl", ["a red owl", "a blue owl"]),
    ("41", "a {red,blue , green} owl", ["a red owl", "a blue owl", "a green owl"]),
    ("42", "a {red, {pale, deep} blue} owl", ["a red owl", "a pale blue owl", "a deep blue owl"]),
    (
        "43",
        "{1, 2} owls in {snow, rain}",
        ["1 owls in snow", "1 owls in rain", "2 owls in snow", "2 owls in rain"],
    ),
    ("44", r"{red\, white, blue} flag", ["red, white flag", "blue flag"]),
    ("45", r"code \{x\}", [r"code \{x\}"]),
    (
        "46",
        "owl --ar {1:1, 16:9} --v {6, 6.1}",
        ["owl --ar 1:1 --v 6.0", "owl --ar 1:1 --v 6.1", "owl --ar 16:9 --v 6.0", "owl --ar 16:9 --v 6.1"],
    ),
    ("47", "owl {--ar 1:1, --ar 2:3 --raw}", ["owl --ar 1:1", "owl --ar 2:3 --raw"]),
    ("48", "owl {, --raw}", ["owl", "owl --raw"]),
    ("49", "owl::{1, 2} moon", ["owl::1 moon", "owl::2 moon"]),
    ("52", "{a, b} owl --r 3", ["a owl"] * 3 + ["b owl"] * 3),
    ("58", 'sign that reads "OPEN — 24h"', ['sign that reads "OPEN -- 24h"']),
    ("60", "owl\nin fog\n--ar 3:2", ["owl in fog --ar 3:2"]),
    (
        "61",
        f"{A} slow turn of the head --video --motion high --loop",
        [f"<{A}> slow turn of the head --video 1 --motion high --loop --aspect 1:1"],
    ),
    ("68", "a **bold** fox", ["a bold fox"]),
]


@pytest.mark.parametrize(("row", "raw", "expected"), ECHOES, ids=number(ECHOES))
def test_row_of_echoes(row: str, raw: str, expected: list[str]) -> None:
    assert echoes(raw) == expected


def test_row_1_settings_are_appended() -> None:
    assert echoes("harbour at dusk", PromptPreferences(settings="--s 750 --v 5.2")) == [
        "harbour at dusk --s 750 --v 5.2"
    ]


def test_row_39_every_repeat_draws_a_style_and_a_seed_of_its_own() -> None:
    prompts = read("owl --sref random --r 3").prompts
    assert len({prompt.params.style_references for prompt in prompts}) == 3
    assert len({prompt.params.seed for prompt in prompts}) == 3


def test_row_50_a_plan_limits_the_jobs_of_one_command() -> None:
    refused = refusal("{a,b,c,d,e} owl", rules=BASIC)
    assert isinstance(refused, NotInPlan)
    assert "5 jobs" in refused.sentence
    assert "at most 4" in refused.sentence
    assert len(read("{a,b,c,d,e} owl", rules=STANDARD).prompts) == 5


def test_row_51_no_batches_in_relax() -> None:
    assert "batch jobs in relax mode" in refusal("{a, b} owl --relax").sentence
    assert "batch jobs in relax mode" in refusal("{a, b} owl", PromptPreferences(speed=Speed.RELAX)).sentence
    assert len(read("{a, b} owl --fast", PromptPreferences(speed=Speed.RELAX)).prompts) == 2


def test_row_54_personal_options_are_written_out() -> None:
    assert echoes("--hero in the rain --look", LOOKS) == ["a tall red-haired sailor, in the rain --ar 3:2 --raw"]


def test_rows_56_and_57_styles_of_members() -> None:
    assert echoes("owl --p", RATED) == ["owl --p p6uvzxg"]
    assert echoes("owl --p <@1234>", RATED) == ["owl --p gyuvzx1"]
    assert isinstance(refusal("owl --p <@99>", RATED), NotEnoughRatings)


def test_row_59a_a_glued_parameter_is_told_of() -> None:
    assert read("wide valley—ar 16:9").notices == ("`--ar` was read as text, because there is no space before it.",)


def test_row_66_relax_needs_a_plan_that_has_it() -> None:
    refused = refusal("owl --relax", rules=BASIC)
    assert isinstance(refused, NotInPlan)
    assert "standard plan or higher" in refused.sentence
    assert one("owl --relax").speed is Speed.RELAX


def test_all_seventy_rows_are_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    labels = re.findall(r'^\s*\(?"([0-9ab, ]+)",', source, re.MULTILINE)
    tests = re.findall(r"def test_rows?_([0-9]+[ab]?)(?:_and_([0-9]+))?(?=_)", source)
    listed = {row for group in (*(label.split(", ") for label in labels), *tests) for row in group}
    assert {*map(str, range(1, 69)), "59a", "59b"} - listed == set()
