"""Tricky prompts and what they mean. An echo, copied and sent again, asks for the same picture."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import EmptyPrompt, InvalidParameter, PromptError, PromptTooLong
from bot.domain.prompt import GenerationParams, parse
from bot.domain.prompt.parse import MAX_PROMPT


def read(raw: str) -> GenerationParams:
    return parse(raw, random_seed=7).params


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("harbour at dusk", {"text": "harbour at dusk"}),
        ("harbour at dusk —ar 16:9", {"text": "harbour at dusk", "aspect": (16, 9)}),
        ("harbour –ar 16:9", {"text": "harbour", "aspect": (16, 9)}),
        ("harbour –-ar 16:9", {"text": "harbour", "aspect": (16, 9)}),
        ("harbour -–ar 16:9", {"text": "harbour", "aspect": (16, 9)}),
        ("harbour --ar 16:9 —seed 5", {"text": "harbour", "aspect": (16, 9), "seed": 5}),
        ("harbour --aspect 32:18", {"text": "harbour", "aspect": (32, 18)}),
        ("harbour\n\tat   dusk\r\n--ar\n16:9", {"text": "harbour at dusk", "aspect": (16, 9)}),
        ("harbour -v 6", {"text": "harbour -v 6"}),
        ("a well-known--or not--harbour", {"text": "a well-known--or not--harbour"}),
        ("harbour – at dusk", {"text": "harbour – at dusk"}),
        ("harbour — at dusk", {"text": "harbour -- at dusk"}),
        ("harbour --5 boats", {"text": "harbour --5 boats"}),
        ("harbour --seed 0", {"text": "harbour", "seed": 0}),
        ("harbour --seed 4294967295", {"text": "harbour", "seed": 4294967295}),
        ("harbour --seed 1 --seed 2", {"text": "harbour", "seed": 1}),
        ("harbour --q .25", {"text": "harbour", "quality": 0.25}),
        ("harbour --quality 2", {"text": "harbour", "quality": 2.0}),
        ("tulips --no red, pale blue --no text", {"text": "tulips", "negative": "red, pale blue, text"}),
        ("--ar 2:1 --no x", EmptyPrompt),
        ("** `bold` **", {"text": "bold"}),
        ("a *`* b", {"text": "a b"}),
        ("fox -`-ar 3:2", {"text": "fox", "aspect": (3, 2)}),
        ("fox \\", {"text": "fox"}),
        ("a\u200bb\x00c\u202ed\ud800e", {"text": "abcde"}),
        ("👩\u200d🚀 in space", {"text": "👩\u200d🚀 in space"}),
        ("", EmptyPrompt),
        (" \n\t ", EmptyPrompt),
        ("****", EmptyPrompt),
        ("`` ` ``", EmptyPrompt),
        ("\u200b\ufeff", EmptyPrompt),
        ("|| ~~ __", EmptyPrompt),
        ("x" * 6_000, PromptTooLong),
        ("—" * (MAX_PROMPT - 1), PromptTooLong),
        ("harbour --AR 16:9", InvalidParameter),
        ("harbour --ar16:9", InvalidParameter),
        ("harbour --ar 1.5:1", InvalidParameter),
        ("harbour --ar 16:9, --seed 5", InvalidParameter),
        ("harbour --ar 16:9 with gulls", InvalidParameter),
        ("harbour --ar", InvalidParameter),
        ("harbour --ar 16", InvalidParameter),
        ("harbour --ar 0:1", InvalidParameter),
        ("harbour --ar 5:1", InvalidParameter),
        ("harbour --ar 1:5", InvalidParameter),
        ("harbour --ar 1000000:500000", InvalidParameter),
        ("harbour --ar " + "9" * 1_000 + ":1", InvalidParameter),
        ("harbour --ar ٣:٢", InvalidParameter),
        ("harbour --seed 4294967296", InvalidParameter),
        ("harbour --seed -1", InvalidParameter),
        ("harbour --seed 1.5", InvalidParameter),
        ("harbour --seed ²", InvalidParameter),
        ("harbour --seed " + "9" * 1_700, InvalidParameter),
        ("harbour --quality 3", InvalidParameter),
        ("harbour --no --ar 1:1", InvalidParameter),
        ("harbour --tile --hero", InvalidParameter),
    ],
)
def test_what_a_prompt_means(raw: str, expected: dict[str, Any] | type[PromptError]) -> None:
    if isinstance(expected, dict):
        assert asdict(read(raw)) == asdict(GenerationParams("", seed=7)) | expected
    else:
        with pytest.raises(expected) as caught:
            read(raw)
        assert 20 < len(caught.value.sentence) < 700


def test_an_unknown_parameter_is_named_together_with_those_that_exist() -> None:
    with pytest.raises(InvalidParameter) as caught:
        read("harbour --tile gulls --hero")
    assert "tile, hero" in caught.value.sentence
    assert "--ar, --no, --quality, --seed" in caught.value.sentence


pieces = st.sampled_from(
    [
        " ",
        "\n",
        "—",
        "–",
        "-",
        "--",
        "*",
        "**",
        "`",
        "\\",
        ":",
        "ar",
        "--ar 3:2",
        "—seed 5",
        "--no x",
        "--q",
        "fox",
        "1",
    ]
)
prompts = st.one_of(st.text(), st.text(alphabet=st.characters(exclude_categories=[])), st.lists(pieces).map("".join))


@given(prompts)
def test_any_text_is_read_or_refused_by_name(raw: str) -> None:
    try:
        parsed = parse(raw, random_seed=7)
    except PromptError:
        return
    echo = parsed.echo
    assert "**" not in echo
    assert "`" not in echo
    assert len(echo.splitlines()) == 1
    assert not echo.startswith("*")
    assert not echo.endswith(("*", "\\"))
    assert len(echo) <= MAX_PROMPT
    echo.encode()
    assert parse(echo, random_seed=7) == parsed
