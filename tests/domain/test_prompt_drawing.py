"""Parameters become what the engine is told; what a model lacks is refused or noted, never dropped in silence."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import CannotDraw
from bot.domain.prompt import Capabilities, DrawingPlan, GenerationParams, parse, plan_drawing
from bot.domain.prompt.drawing_words import ODD_WORDS
from bot.domain.prompt.parameters import PromptPart

A = "https://ex.org/a.png"
ABLE = Capabilities(
    model="able",
    width=1024,
    height=1024,
    steps=30,
    guidance_scale=7.0,
    max_pixels=2048 * 2048,
    supports_negative=True,
    supports_weights=True,
    supports_guidance_per_row=True,
    supports_stop=True,
    supports_tile=True,
    supports_image_prompt=True,
    supports_style_reference=True,
    supports_character_reference=True,
    supports_omni_reference=True,
    supports_video=True,
)
PLAIN = Capabilities(model="plain", width=256, height=256, steps=20)


def wish(raw: str) -> GenerationParams:
    return parse(raw, random_seed=8).params


def plan(raw: str, capabilities: Capabilities = ABLE) -> DrawingPlan:
    return plan_drawing(wish(raw), capabilities)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("fox", {"prompt": "fox", "width": 1024, "height": 1024, "steps": 30, "guidance_scales": (), "notes": ()}),
        ("fox --ar 2:1", {"width": 1448, "height": 728}),
        ("fox --ar 14:1", {"width": 2048, "height": 512}),
        ("fox --ar 1:14", {"width": 512, "height": 2048}),
        ("fox --q .5", {"steps": 15}),
        ("fox --q 4", {"steps": 120}),
        ("fox --draft", {"steps": 15}),
        ("fox --stop 40", {"steps": 30, "stop_step": 12}),
        ("fox --stop 100", {"stop_step": None}),
        ("fox --seed 4294967295", {"seeds": (4294967295, 0, 1, 2)}),
        ("fox --hd", {"width": 2048, "height": 2048}),
        ("fox --sd", {"width": 1024}),
        ("fox --no red", {"negative_prompt": "red"}),
        ("fox --tile", {"tile": True}),
        ("fox --s 0", {"guidance_scales": (9.1,) * 4}),
        ("fox --s 100", {"guidance_scales": ()}),
        ("fox --s 1000", {"guidance_scales": (3.5,) * 4}),
        ("fox --s 2500 --v 3", {"guidance_scales": ()}),
        ("fox --s 60000 --v 3", {"guidance_scales": (3.5,) * 4}),
        ("fox --raw", {"guidance_scales": (8.05,) * 4}),
        ("fox --exp 20 --s 1000", {"guidance_scales": (3.85,) * 4}),
        ("fox --exp 100 --s 1000", {"guidance_scales": (10.5,) * 4}),
        ("fox --chaos 100", {"guidance_scales": (2.8, 5.6, 8.4, 11.2)}),
        ("fox --chaos 10", {"guidance_scales": (6.58, 6.86, 7.14, 7.42)}),
        ("space::2 ship", {"prompt": "space, ship", "parts": (PromptPart("space", 2), PromptPart("ship"))}),
        ("space:: ship::-.5", {"prompt": "space", "parts": (PromptPart("space"),), "negative_prompt": "ship"}),
        ("fox --weird 1", {"prompt": "fox, surreal"}),
        ("fox --weird 3000", {"parts": (PromptPart("fox"), PromptPart("surreal, uncanny, eccentric", 1))}),
        ("fox --weird 1500", {"parts": (PromptPart("fox"), PromptPart("surreal, uncanny", 0.5))}),
        ("fox --style scenic", {"prompt": "fox, scenic"}),
        ("fox --niji 6", {"prompt": "fox, anime style"}),
        (f"{A} fox --iw 2", {"image_weight": 2.0, "prompt": "fox"}),
        ("fox --sref 12 --sw 300", {"style_weight": 3.0}),
        (f"fox --cref {A} --cw 50", {"character_references": (A,), "character_weight": 0.5}),
        (f"fox --oref {A} --ow 50", {"omni_reference": A, "omni_weight": 0.5}),
    ],
)
def test_what_an_able_model_is_told(raw: str, expected: dict[str, Any]) -> None:
    drawn = plan(raw)
    assert {name: getattr(drawn, name) for name in expected} == expected


@pytest.mark.parametrize(
    "raw",
    ["fox --tile", f"{A} fox", "fox --sref 12", f"fox --cref {A}", f"fox --oref {A}", f"{A} fox --video"],
)
def test_a_model_refuses_what_would_be_another_picture(raw: str) -> None:
    with pytest.raises(CannotDraw) as caught:
        plan(raw, PLAIN)
    assert "plain cannot" in caught.value.sentence
    assert "out, or choose another model" in caught.value.sentence
    assert plan(raw).notes == ()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("fox --no red", "`--no`"),
        ("fox:: red::-.5", "negative weights"),
        ("a::2 b", "`::`"),
        ("fox --stop 50", "`--stop`"),
        ("fox --hd", "`--hd`"),
        ("fox --ar 5:1", "4:1"),
        ("fox --s 50", "`--stylize`"),
        ("fox --raw", "`--raw`"),
        ("fox --exp 5", "`--exp`"),
        ("fox --chaos 5", "`--chaos`"),
        ("fox --style 4a", "`4a`"),
        ("fox --v 6", "`--version 6` is drawn by plain here"),
    ],
)
def test_a_model_says_what_it_leaves_out(raw: str, says: str) -> None:
    assert says in " ".join(plan(raw, PLAIN).notes)


def test_a_model_that_guides_all_pictures_alike_says_so() -> None:
    drawn = plan("fox --chaos 50", replace(ABLE, supports_guidance_per_row=False))
    assert drawn.guidance_scales == ()
    assert "`--chaos`" in drawn.notes[0]


def test_a_model_of_few_words_is_given_only_those() -> None:
    few = replace(PLAIN, vocabulary=frozenset({"fox", "cute"}))
    assert plan("fox --style cute", few).prompt == "fox, cute"
    drawn = plan("fox --weird 500", few)
    assert drawn.prompt == "fox"
    assert "`--weird`" in drawn.notes[0]


def test_a_version_with_a_model_of_its_own_needs_no_note() -> None:
    params = replace(wish("fox --niji 6"), model="able")
    assert plan_drawing(params, ABLE).notes == ()
    assert plan_drawing(params, ABLE).prompt == "fox"


def test_weird_takes_the_same_odd_words_for_the_same_seed() -> None:
    assert plan("fox --weird 10 --seed 9").prompt == plan("fox --weird 10 --seed 9").prompt == f"fox, {ODD_WORDS[1]}"


def test_one_picture_has_the_middle_of_the_spread() -> None:
    assert plan_drawing(wish("fox --chaos 50 --s 1000"), ABLE, picture_count=1).guidance_scales == (3.5,)


def test_pictures_alone_need_no_words() -> None:
    assert plan(f"{A} {A}2").prompt == ""
    assert plan(f"{A} {A}2 --weird 5").prompt == "surreal"


def test_a_style_adds_its_words_with_their_weights() -> None:
    params = replace(wish("fox --p abcde"), personal=(PromptPart("fog", 0.5), PromptPart("neon", 0.25)))
    drawn = plan_drawing(params, ABLE)
    assert drawn.prompt == "fox, fog, neon"
    assert drawn.parts == (PromptPart("fox"), PromptPart("fog", 0.5), PromptPart("neon", 0.25))
    assert drawn.notes == ()


def test_words_of_a_style_that_the_model_does_not_know_are_noted() -> None:
    params = replace(wish("fox --p abcde"), personal=(PromptPart("fog", 0.5), PromptPart("oil painting", 0.25)))
    drawn = plan_drawing(params, replace(PLAIN, vocabulary=frozenset({"fox", "fog", "oil"})))
    assert drawn.prompt == "fox, fog"
    assert drawn.notes == ("plain does not know “oil painting”, which `--profile` would add.",)
