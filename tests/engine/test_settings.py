from dataclasses import replace

import pytest

from engine.protocol import GenerateRequest, InitImage, Mask, ModelInfo, Pixels
from engine.settings import InvalidRequest, ModelTraits, resolve

INFO = ModelInfo("tiny", "stable-diffusion", 512, 512, 30, supports_negative_prompt=True)
TRAITS = ModelTraits(INFO, samplers=("default", "ddim"), guidance_scale=7.0, max_pixels=1024 * 1024)
DOT = InitImage(Pixels(1, 1, b"abc"), 0.5)
REQUEST = GenerateRequest("r", "a fox", seeds=(1,), width=512, height=512)


def test_what_is_left_open_takes_the_models_own_value() -> None:
    settings = resolve(REQUEST, TRAITS)
    assert (settings.steps, settings.guidance_scale, settings.sampler) == (30, 7.0, "default")
    assert settings.notes == ()


def test_no_guidance_is_not_the_same_as_none_given() -> None:
    assert resolve(replace(REQUEST, guidance_scale=0.0), TRAITS).guidance_scale == 0.0


def test_a_size_is_rounded_to_what_the_model_draws_and_said_so() -> None:
    settings = resolve(replace(REQUEST, width=515, height=3), TRAITS)
    assert (settings.width, settings.height) == (512, 8)
    assert settings.notes == ("Drawn at 512x8, in steps of 8 pixels.",)


def test_a_model_of_one_size_draws_that_and_says_so() -> None:
    square = replace(TRAITS, fixed_size=True)
    assert resolve(replace(REQUEST, width=1024, height=1024), square).notes == ()
    settings = resolve(replace(REQUEST, width=1456, height=816), square)
    assert (settings.width, settings.height) == (512, 512)
    assert "512x512 pictures only" in settings.notes[0]


def test_an_ignored_negative_prompt_is_mentioned() -> None:
    traits = replace(TRAITS, info=replace(INFO, supports_negative_prompt=False))
    assert "no negative prompt" in resolve(replace(REQUEST, negative_prompt="red"), traits).notes[0]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (replace(REQUEST, prompt="a \ud83e"), "half a character at place 2"),
        (replace(REQUEST, negative_prompt="\udd8a"), "half a character at place 0"),
        (replace(REQUEST, seeds=()), "1 to 64 seeds"),
        (replace(REQUEST, seeds=tuple(range(65))), "this one has 65"),
        (replace(REQUEST, seeds=(-1,)), "seed is -1"),
        (replace(REQUEST, seeds=(2**64,)), "seed is"),
        (replace(REQUEST, steps=0), "steps is 0; it must be between 1 and 500"),
        (replace(REQUEST, guidance_scale=float("nan")), "guidance_scale is nan"),
        (replace(REQUEST, sampler="magic"), "no sampler 'magic'; choose from default, ddim"),
        (replace(REQUEST, width=0), "has no area"),
        (replace(REQUEST, width=4096), "too large; ask for at most 1.0 megapixels"),
        (replace(REQUEST, init_image=InitImage(Pixels(1, 1, b"abc"), 1.5)), "strength is 1.5"),
        (replace(REQUEST, mask=Mask(1, 1, b"a")), "a mask needs the picture that it belongs to"),
        (replace(REQUEST, init_image=DOT, mask=Mask(0, 1, b"")), "a mask of 0x1 pixels has no area"),
        (replace(REQUEST, init_image=DOT, mask=Mask(4, 9, b"a" * 36)), "the mask is 4x9 and its picture 1x1"),
    ],
)
def test_what_cannot_be_drawn_gets_a_sentence(request_: GenerateRequest, sentence: str) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        resolve(request_, TRAITS)


def test_a_mask_of_another_size_but_the_same_shape_is_taken() -> None:
    mask = Mask(3, 3, b"abcdefghi")
    assert resolve(replace(REQUEST, init_image=DOT, mask=mask), TRAITS).mask == mask
    with pytest.raises(ValueError, match="a 2x2 mask needs 4 bytes"):
        Mask(2, 2, b"abc")
