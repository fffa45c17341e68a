"""A job keeps its parameters as JSON; what older and newer versions stored is read all the same."""

import json
from dataclasses import asdict

from bot.domain.prompt import GenerationParams, load_params, parse

A = "https://ex.org/a.png"
EVERYTHING = (
    f"{A}::2 a::2 fox::.5 --no red --ar 3:2 --q 2 --chaos 5 --s 50 --w 500 --exp 5 --stop 50 --raw --tile --draft "
    f"--iw 2 --sref {A}::3 12 --sw 5 --sv 2 --cref {A} {A}2 --cw 5 --p abcde fghij --video --motion high "
    "--loop --bs 2 --turbo --stealth"
)


def test_parameters_survive_being_stored() -> None:
    params = parse(EVERYTHING, random_seed=7).params
    assert load_params(json.loads(json.dumps(asdict(params)))) == params


def test_what_an_older_version_stored_takes_the_defaults() -> None:
    stored = {"text": "fox", "seed": 5, "negative": "red", "aspect": [3, 2], "quality": 0.5, "model": "toy"}
    assert load_params(stored) == GenerationParams("fox", 5, "red", (3, 2), 0.5, "toy")


def test_what_a_newer_version_stored_is_left_out() -> None:
    assert load_params({"text": "fox", "seed": 5, "colour": "red"}) == GenerationParams("fox", 5)
