"""What prompts mean, beyond the known tricky ones. An echo, copied and sent again, asks for the same picture."""

from dataclasses import asdict
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import (
    EmptyPrompt,
    InvalidLink,
    InvalidParameter,
    InvalidPrompt,
    NotInPlan,
    PromptError,
    PromptTooLong,
)
from bot.domain.prompt import GenerationParams, ParsedPrompt, PromptRules, Submission, parse, parse_submission
from bot.domain.prompt.echo import MAX_SHOWN, shorten_echo
from bot.domain.prompt.parameters import ImageLink, PromptPart, Speed, StyleReference, Visibility
from bot.domain.prompt.preferences import MAX_PROMPT
from bot.domain.prompt.table import PARAMETERS, Kind

A = "https://ex.org/a.png"


def read(raw: str) -> GenerationParams:
    return parse(raw, random_seed=7).params


def submit(raw: str, rules: PromptRules | None = None) -> Submission:
    numbers = count(1)
    return parse_submission(raw, draw=lambda: next(numbers), rules=rules)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("harbour --ar 16:9 —seed 5", {"text": "harbour", "aspect": (16, 9), "seed": 5}),
        ("harbour\n\tat   dusk\r\n--ar\n16:9", {"text": "harbour at dusk", "aspect": (16, 9)}),
        ("harbour －－ar １６：９", {"text": "harbour", "aspect": (16, 9)}),
        ("港 ーーar 16:9", {"text": "港", "aspect": (16, 9)}),
        ("harbour ——ar 16:9", {"text": "harbour", "aspect": (16, 9)}),
        ("harbour −−ar 16:9", {"text": "harbour", "aspect": (16, 9)}),
        ("a well-known--or not--harbour", {"text": "a well-known--or not--harbour"}),
        ("London –the city", {"text": "London –the city"}),
        ("harbour – at dusk", {"text": "harbour – at dusk"}),
        ("harbour --5 boats", {"text": "harbour --5 boats"}),
        ('a sign "buy --now" --raw', {"text": 'a sign "buy --now"', "raw": True}),
        ('a 12" record --raw', {"text": 'a 12" record', "raw": True}),
        ("harbour --seed 0", {"text": "harbour", "seed": 0}),
        ("harbour --sameseed 4294967295", {"text": "harbour", "seed": 4294967295}),
        ("harbour --q .25", {"text": "harbour", "quality": 0.25}),
        ("harbour --quality 100", {"text": "harbour", "quality": 4.0}),
        ("harbour --quality 1 --v 6.1", {"text": "harbour", "version": "6.1"}),
        ("harbour --v 5.0", {"text": "harbour", "version": "5"}),
        ("harbour --v 8", {"text": "harbour", "version": "8.1"}),
        ("harbour --niji", {"text": "harbour", "version": "niji 7"}),
        ("harbour --niji --raw", {"text": "harbour", "version": "niji 7", "raw": True}),
        ("harbour --test --creative", {"text": "harbour", "version": "test"}),
        ("harbour --s 2500 --v 3", {"text": "harbour", "version": "3", "stylize": 2500}),
        ("harbour --uplight --h 640 --hd", {"text": "harbour", "hd": True}),
        ("harbour --c 100 --stop 10 --exp 30", {"text": "harbour", "chaos": 100, "stop": 10, "experimental": 30}),
        ("harbour --no red, , pale blue., --raw", {"text": "harbour", "negative": "red, pale blue", "raw": True}),
        ("harbour --turbo --stealth", {"text": "harbour", "speed": Speed.TURBO, "visibility": Visibility.STEALTH}),
        ("harbour --profile abcde --p fghij", {"text": "harbour", "profiles": ("abcde", "fghij")}),
        (f"harbour --oref {A} --ow 400", {"text": "harbour", "omni_reference": A, "omni_weight": 400}),
        (
            f"harbour --cref {A} <{A}> {A}2 --cw 0",
            {"text": "harbour", "character_references": (A, A + "2"), "character_weight": 0},
        ),
        (
            f"harbour --sref 12 --sref {A}, --sv 4",
            {
                "text": "harbour",
                "style_references": (StyleReference("12"), StyleReference(A)),
                "style_version": 4,
            },
        ),
        (f"{A}, a harbour", {"text": "a harbour", "images": (ImageLink(A),)}),
        (f"a harbour ({A}) in fog", {"text": "a harbour ( ) in fog", "images": (ImageLink(A),)}),
        (f"a harbour {A}?x=1&y=2.", {"text": "a harbour .", "images": (ImageLink(f"{A}?x=1&y=2"),)}),
        (f"a harbour {A}::-.5 {A}::2", {"text": "a harbour", "images": (ImageLink(A, -0.5), ImageLink(A, 2))}),
        ("https://ex.org/a*b**c.png fog", {"text": "fog", "images": (ImageLink("https://ex.org/a%2Ab%2A%2Ac.png"),)}),
        (f"{A} --video --end loop", {"text": "", "images": (ImageLink(A),), "video": True, "loop": True}),
        ("hot::2, dog::3.", {"text": "hot, dog", "parts": (PromptPart("hot", 2), PromptPart("dog", 3))}),
        ("a::3d render", {"text": "a, 3d render", "parts": (PromptPart("a"), PromptPart("3d render"))}),
        ("猫::2犬", {"text": "猫, 犬", "parts": (PromptPart("猫", 2), PromptPart("犬"))}),
        (
            "tulips:: red::-.5 --no tall",
            {
                "text": "tulips",
                "negative": "tall, red",
                "parts": (PromptPart("tulips"), PromptPart("red", -0.5)),
            },
        ),
        ("a {b", {"text": "a {b"}),
        ("a} b, c", {"text": "a} b, c"}),
        ("a {b} c", {"text": "a b c"}),
        ("{a {b} c", {"text": "{a b c"}),
        ("** `bold` **", {"text": "bold"}),
        ("a *`* b", {"text": "a b"}),
        ("fox -`-ar 3:2", {"text": "fox", "aspect": (3, 2)}),
        ("fox \\", {"text": "fox"}),
        ("a\u200bb\x00c\u202ed\ud800e", {"text": "abcde"}),
        ("👩\u200d🚀 in space", {"text": "👩\u200d🚀 in space"}),
        ("--ar 2:1 --no x", EmptyPrompt),
        ("", EmptyPrompt),
        (" \n\t ", EmptyPrompt),
        ("****", EmptyPrompt),
        ("`` ` ``", EmptyPrompt),
        ("\u200b\ufeff", EmptyPrompt),
        ("|| ~~ __", EmptyPrompt),
        (":: ::", EmptyPrompt),
        ("--sref 12", EmptyPrompt),
        ("x" * (MAX_PROMPT + 1), PromptTooLong),
        ("{" * 1_000_000, PromptTooLong),
        ("—" * (MAX_PROMPT - 1), PromptTooLong),
        ("{" * 3_000 + "}" * 3_000, InvalidPrompt),
        ("{a, b} fox", NotInPlan),
        ("{a,b}" * 1_000, NotInPlan),
        ("fox --r 1000000", NotInPlan),
        ("fox --repeat 0", InvalidParameter),
        ("harbour --ar", InvalidParameter),
        ("harbour --ar 16", InvalidParameter),
        ("harbour --ar 0:1", InvalidParameter),
        ("harbour --ar 15:1", InvalidParameter),
        ("harbour --ar 1:15", InvalidParameter),
        ("harbour --ar 3:1 --v 4", InvalidParameter),
        ("harbour --ar 5:1 --hd", InvalidParameter),
        ("harbour --ar 1000000:500000", InvalidParameter),
        ("harbour --ar " + "9" * 1_000 + ":1", InvalidParameter),
        ("harbour --ar ٣:٢", InvalidParameter),
        ("harbour --seed -1", InvalidParameter),
        ("harbour --seed 1.5", InvalidParameter),
        ("harbour --seed ²", InvalidParameter),
        ("harbour --seed " + "9" * 1_700, InvalidParameter),
        ("harbour --quality 0", InvalidParameter),
        ("harbour --quality 1 --v 8.1", InvalidParameter),
        ("harbour --no --ar 1:1", InvalidParameter),
        ("harbour --no ,,", InvalidParameter),
        ("harbour --now --hero", InvalidParameter),
        ("harbour --v 9", InvalidParameter),
        ("harbour --niji 3", InvalidParameter),
        ("harbour --v 6 --niji 6", InvalidParameter),
        ("harbour --fast --relax", InvalidParameter),
        ("harbour --draft --v 6", InvalidParameter),
        ("harbour --stop 50 --v 7", InvalidParameter),
        ("harbour --tile --niji 6", InvalidParameter),
        ("harbour --sw 50", InvalidParameter),
        ("harbour --cw 50", InvalidParameter),
        ("harbour --ow 50", InvalidParameter),
        ("harbour --loop", InvalidParameter),
        ("harbour --zoom 2", InvalidParameter),
        ("harbour --style cute --v 6", InvalidParameter),
        ("harbour --style a.b", InvalidParameter),
        ("harbour --sref blue", InvalidParameter),
        ("harbour --sref 99999999999", InvalidParameter),
        ("harbour --sref 12 --sv 7 --v 8.1", InvalidParameter),
        (f"harbour --oref {A} --q 4", InvalidParameter),
        (f"harbour --oref {A} --draft", InvalidParameter),
        (f"harbour {A}::-1 --v 8.1", InvalidParameter),
        (f"harbour {A} --testp", InvalidParameter),
        (f"harbour {A} --iw 2.5 --v 5", InvalidParameter),
        (f"harbour {A}::-1", InvalidPrompt),
        ("a:: b --v 7", InvalidParameter),
        ("a::.5 b --v 3", InvalidParameter),
        ("a::20000 b", InvalidPrompt),
        ("harbour --cref blue", InvalidParameter),
        ("https:///x fog", InvalidLink),
        ("http://[::1 fog", InvalidLink),
        ("http://ex.org:99999/a.png fog", InvalidLink),
        ("blob:https://ex.org/1 fog", InvalidLink),
        ("file:///etc/passwd fog", InvalidLink),
        ("https://" + "x" * 3_000 + " fog", InvalidLink),
    ],
)
def test_what_a_prompt_means(raw: str, expected: dict[str, Any] | type[PromptError]) -> None:
    if isinstance(expected, dict):
        params = read(raw)
        fields: dict[str, Any] = {"seed": 7, "version": params.version} | expected
        assert params == GenerationParams(**fields)
    else:
        with pytest.raises(PromptError) as caught:
            read(raw)
        assert type(caught.value) is expected
        assert 20 < len(caught.value.sentence) < 700


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("fox --AR 3:2", "Names are lower case: `--ar`."),
        ("fox --ar16:9", "`--ar 16:9`"),
        ("fox --v6.", "`--v 6`"),
        ("fox --ar=3:2", "`--ar 3:2`"),
        ("fox --raw.", "`.` sticks to `--raw`"),
        ("fox --ar 3:2.", "`.` sticks to the value of `--ar`; write `--ar 3:2`."),
        ("fox --v 6,", "`,` sticks to the value of `--v`; write `--v 6`."),
        ("fox --stylise 5", "Did you mean `--stylize`?"),
        ("fox --ar 3:2 at night", "Text belongs before the first parameter."),
        ("fox —and hound", "a space on both sides"),
        ("fox --no red –ar-", "Unrecognized parameter(s): ar-"),
        ('fox "a --p"* --test', 'Unrecognized parameter(s): p"*'),
        ("fox --v 7 --v2 --V 6", "Unrecognized parameter(s): v2, V."),
        ("fox --v 12", "8.1"),
        ("fox --ar", "such as `--ar 3:2`"),
        ("fox --iw x --v 5", "from 0 to 2"),
        ("fox --sw 5", "`--sw` requires style reference"),
        ("fox --cref https://x.org/a.png --v 5", "It works with `--v 6`, `--v 6.1`, `--niji 6`"),
    ],
)
def test_a_refusal_says_what_to_change(raw: str, says: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read(raw)
    assert says in caught.value.sentence


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("fox --seed 1 --seed 2", "the first counts"),
        ("fox --uplight", "models of the past"),
        ("fox --wallpaper", "`--ar 15:8`"),
        ("fox --sameseed 5", "like `--seed`"),
        ("fox --q 3", "`--q 4`"),
        ("fox --v 8", "`--v 8.1`"),
        ("fox--raw", "no space before it"),
        ("fox -- raw", "read as text"),
        ("fox --iw 2", "no picture to weigh"),
        ("fox --seed 5 --r 2", "same noise"),
        (f"fox --oref {A} --v 8.1", "`--v 7`"),
        (f"fox --cref {A}::2", "left out"),
    ],
)
def test_what_is_understood_otherwise_is_told(raw: str, says: str) -> None:
    assert any(says in notice for notice in submit(raw).notices)


def test_a_plain_prompt_needs_no_notice() -> None:
    assert submit(f"{A} a fox, --ar 3:2 --no red, blue --v 7 --sref 12 --raw").notices == ()


def test_every_parameter_can_be_given_as_its_example_shows() -> None:
    for parameter in PARAMETERS:
        if parameter.kind is not Kind.LEGACY and parameter.name not in ("zoom", "profile", "video"):
            needed = {"": "", "video": f"{A} --video", "sref": "--sref 5", "cref": f"--cref {A}", "oref": f"--oref {A}"}
            assert submit(f"fox {needed[parameter.needs]} {parameter.example}").prompts


def test_versions_choose_models() -> None:
    rules = PromptRules(models={"7": "flux", "niji": "anime", "v": "sdxl", "": "starter"})
    wishes = {"fox": "starter", "fox --v 7": "flux", "fox --v 6": "sdxl", "fox --niji 5": "anime", "fox --test": ""}
    wishes |= {f"fox --v 8.1 --oref {A}": "flux"}
    assert {raw: submit(raw, rules).prompts[0].params.model for raw in wishes} | {"fox --test": ""} == wishes


def test_zoom_belongs_to_its_form() -> None:
    assert submit("fox --zoom 1.5", PromptRules(takes_zoom=True)).prompts[0].params.zoom == 1.5


def test_a_long_echo_is_cut_before_its_parameters() -> None:
    shown = shorten_echo("fox " * 1_000 + "--ar 3:2 --no a --no")
    assert len(shown) <= MAX_SHOWN
    assert shown.endswith("… --ar 3:2 --no a --no")
    assert shorten_echo("fox --ar 3:2") == "fox --ar 3:2"
    assert len(shorten_echo("fox --no " + "a, " * 1_000)) <= MAX_SHOWN


pieces = st.sampled_from(
    [
        *(" ", "\n", "—", "–", "-", "--", "*", "**", "`", "\\", ":", "::", "::2", "::-.5", "{", "}", ",", "\\,", "\\{"),
        *(
            '"',
            "“",
            "”",
            "<",
            ">",
            "：",
            ".",
            "fox",
            "1",
            "ar",
            "raw",
            "https://x.org/a.png",
            "http://",
            "<https://x.org>",
        ),
        *(" --ar 3:2", " —seed 5", " --no x", " --q", " --q 3", " --v 7", " --niji", " --sref random", " --r 2"),
        *(" --foo", ' "a --b" ', " --style raw", " --p abcde", " --video", " --uplight", " --no", " –ar 2:1", " --raw"),
    ]
)
prompts = st.one_of(
    st.text(),
    st.text(alphabet=st.characters(exclude_categories=[])),
    st.lists(pieces).map("".join),
    st.lists(pieces, min_size=1).map(lambda some: "fox " + "".join(some)),
)


@given(prompts)
def test_any_text_is_read_or_refused_by_name(raw: str) -> None:
    try:
        submission = submit(raw)
    except PromptError:
        return
    for prompt in submission.prompts:
        check_echo(prompt)


@pytest.mark.parametrize(
    "raw",
    [
        "fox <https://x.org>::https://x.org/a.png::2",
        "fox https://x.org::2<https://x.org/a.png>",
        "fox –arhttps://x.org 3:2",
        "fox --no ,{,--foo bar",
        "fox --no x,－－foo y",
        r"fox --no x\\,\\－－ar y",
        r"fox \\, \{a, b\} {c\, d}",
        'fox " --foo " --r 1 --no "',
        "fox\\ --r 1",
        "fox https://x.org/{a}.png,",
        "fox https://x.org/a*b.png",
    ],
)
def test_an_echo_comes_back(raw: str) -> None:
    check_echo(parse(raw, random_seed=7))


def check_echo(parsed: ParsedPrompt) -> None:
    echo = parsed.echo
    assert "**" not in echo
    assert "`" not in echo
    assert len(echo.splitlines()) == 1
    assert not echo.startswith("*")
    assert not echo.endswith(("*", "\\"))
    assert len(echo) <= MAX_PROMPT
    echo.encode()
    assert parse(echo, random_seed=parsed.params.seed) == parsed
    assert asdict(parsed.params)
