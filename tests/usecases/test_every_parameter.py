"""No parameter is ignored in silence: each changes what is drawn or how, or is refused or told of by its name.

The table itself is walked, with the example that each parameter gives, on a model that can do everything and on one
that can do next to nothing.
"""

from dataclasses import replace
from itertools import count

import pytest

from bot.domain.errors import PromptError
from bot.domain.prompt import PromptPreferences, parse_submission
from bot.domain.prompt.parameters import GenerationParams
from bot.domain.prompt.table import PARAMETERS, Kind, Parameter
from bot.usecases.drawing import plan_for_model
from engine.protocol import Ability, ModelInfo

ABLE = ModelInfo(
    "able",
    "able",
    width=1024,
    height=1024,
    steps=30,
    supports_negative_prompt=True,
    guidance_scale=7.0,
    max_pixels=2048 * 2048,
    abilities=frozenset(Ability),
)
PLAIN = ModelInfo(
    "plain", "plain", width=256, height=256, steps=20, supports_negative_prompt=False, vocabulary=("fox",)
)

LINK = "https://example.org/a.png"
CONTEXT = {
    "iw": f"{LINK} fox",
    "sw": f"fox --sref {LINK}",
    "sv": f"fox --sref {LINK}",
    "cw": f"fox --cref {LINK}",
    "ow": f"fox --oref {LINK}",
}
"""What stands before the parameter where it means nothing alone."""

HABITS = {"sd": PromptPreferences(suffix="--hd"), "profile": PromptPreferences(profile="p6uvzxg")}
"""What the member has stored, where the parameter is about that."""

TODAY = [one for one in PARAMETERS if one.kind is not Kind.LEGACY]
PAST = [one for one in PARAMETERS if one.kind is Kind.LEGACY]

Outcome = tuple[object, str]


def outcome(raw: str, preferences: PromptPreferences, model: ModelInfo) -> Outcome:
    """All that the parameters of a prompt can bring about, and all that is said about it."""
    numbers = count(1_000)
    try:
        submission = parse_submission(raw, draw=lambda: next(numbers), preferences=preferences)
        plans = [plan_for_model(prompt.params, model) for prompt in submission.prompts]
    except PromptError as refusal:
        return "refused", refusal.sentence
    said = (*submission.notices, *(note for plan in plans for note in plan.notes))
    acts = [
        (
            replace(plan, notes=()),
            prompt.params.speed,
            prompt.params.visibility,
            prompt.params.profiles,
            film(prompt.params),
        )
        for plan, prompt in zip(plans, submission.prompts, strict=True)
    ]
    return acts, " ".join(said)


def film(params: GenerationParams) -> object:
    """What a film is made by, beside its pictures."""
    return params.video and (params.motion, params.loop)


ALSO_CALLED = {"style": ["--raw"], "iw": ["the links"], "sd": ["--hd"]}
"""What a sentence may name instead."""


def names_of(parameter: Parameter) -> list[str]:
    """As sentences write it; a film's parameters are refused with the film."""
    names = (parameter.name, *parameter.aliases, parameter.needs)
    return [*(f"--{name}" for name in names if name), *ALSO_CALLED.get(parameter.name, [])]


@pytest.mark.parametrize("model", [ABLE, PLAIN], ids=["able", "plain"])
@pytest.mark.parametrize("parameter", TODAY, ids=lambda parameter: str(parameter.name))
def test_a_parameter_acts_or_is_told_of(parameter: Parameter, model: ModelInfo) -> None:
    before = CONTEXT.get(parameter.name, f"{LINK} fox --video" if parameter.needs == "video" else "fox")
    if parameter.name == "video":
        before = f"{LINK} fox"
    habits = HABITS.get(parameter.name, PromptPreferences())
    without = outcome(before, habits, model)
    acts, said = outcome(f"{before} {parameter.example}", habits, model)
    is_told = any(name in f"{said} {without[1]}" for name in names_of(parameter))
    assert is_told or acts not in (without[0], "refused"), said


@pytest.mark.parametrize("parameter", TODAY, ids=lambda parameter: str(parameter.name))
def test_what_acts_nowhere_is_known(parameter: Parameter) -> None:
    """On a model that can do everything only these do nothing but be told of."""
    before = CONTEXT.get(parameter.name, "fox")
    habits = HABITS.get(parameter.name, PromptPreferences())
    acts, _ = outcome(f"{before} {parameter.example}", habits, ABLE)
    is_idle = acts in (outcome(before, habits, ABLE)[0], "refused")
    of_films = {one.name for one in TODAY if one.needs == "video"} | {"video"}
    assert is_idle == (parameter.name in {"sv", "version", "test", "testp", "zoom"} | of_films)


@pytest.mark.parametrize("parameter", PAST, ids=lambda parameter: str(parameter.name))
def test_a_parameter_of_the_past_is_left_out_and_told_of(parameter: Parameter) -> None:
    nothing = PromptPreferences()
    for name in (parameter.name, *parameter.aliases):
        acts, said = outcome(f"fox --{name}", nothing, ABLE)
        assert acts == outcome("fox", nothing, ABLE)[0]
        assert f"--{name}" in said


def test_a_version_chooses_a_model_where_the_operator_names_one() -> None:
    [named] = parse_submission("fox --v 7", draw=lambda: 1).prompts
    assert "`--version 7` is drawn by able here" in " ".join(plan_for_model(named.params, ABLE).notes)
    own = replace(named.params, model="able")
    assert plan_for_model(own, ABLE).notes == ()
