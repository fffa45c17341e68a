from dataclasses import replace

import pytest

from engine.limits import InvalidRequest, ModelTraits
from engine.protocol import (
    Ability,
    GenerateRequest,
    InitImage,
    Mask,
    ModelInfo,
    NoiseBlend,
    Pixels,
    Reference,
    ReferenceRole,
    WeightedPart,
)
from engine.settings import RowSettings, Start, resolve

INFO = ModelInfo("tiny", "stable-diffusion", 512, 512, 30, supports_negative_prompt=True, abilities=frozenset(Ability))
UNABLE = replace(INFO, abilities=frozenset())
TRAITS = ModelTraits(INFO, samplers=("default", "ddim"), guidance_scale=7.0, max_pixels=1024 * 1024)
DOT = InitImage(Pixels(1, 1, b"abc"), 0.5)
RED, BLUE = Pixels(1, 1, b"\xff\0\0"), Pixels(1, 1, b"\0\0\xff")
REQUEST = GenerateRequest("r", "a fox", seeds=(1,), width=512, height=512)
TWO = replace(REQUEST, seeds=(1, 2))


def referring(*references: tuple[str, Pixels, float]) -> GenerateRequest:
    return replace(
        REQUEST, references=tuple(Reference(ReferenceRole(role), of, weight) for role, of, weight in references)
    )


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
    [note] = resolve(replace(REQUEST, negative_prompt="red", guidance_scale=1.0), TRAITS).notes
    assert note == "Without guidance (a scale above 1) there is no negative prompt; it was ignored."
    assert resolve(replace(REQUEST, negative_prompt="red"), TRAITS).notes == ()


def test_a_negative_prompt_needs_guidance() -> None:
    unguided = replace(TWO, negative_prompt="red", guidance_scale=1.0)
    assert "it was ignored" in resolve(unguided, TRAITS).notes[0]
    assert resolve(replace(unguided, guidance_scales=(1.0, 2.0)), TRAITS).notes == ()


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
        (replace(REQUEST, width=2**20, height=1), "1048576x1 is too large"),  # it would be drawn eight pixels high
        (replace(REQUEST, init_image=InitImage(Pixels(1, 1, b"abc"), 1.5)), "strength is 1.5"),
        (replace(REQUEST, mask=Mask(1, 1, b"a")), "a mask needs the picture that it belongs to"),
        (replace(REQUEST, init_image=DOT, mask=Mask(0, 1, b"")), "a mask of 0x1 pixels has no area"),
        (replace(REQUEST, init_image=DOT, mask=Mask(4, 9, b"a" * 36)), "the mask is 4x9 and its picture 1x1"),
        (replace(REQUEST, init_image=InitImage(Pixels(0, 1, b""), 0.5)), "a picture of 0x1 pixels has no area"),
        (replace(TWO, guidance_scales=(1.0,)), "guidance_scales has 1 entries for 2 seeds"),
        (replace(TWO, guidance_scales=(1.0, float("inf"))), "guidance_scale is inf"),
        (replace(TWO, init_images=(DOT,)), "init_images has 1 entries for 2 seeds"),
        (replace(TWO, init_images=(DOT, DOT), init_image=DOT), "give one of them"),
        (replace(TWO, init_images=(DOT, replace(DOT, strength=-1.0))), "strength is -1"),
        (replace(TWO, init_images=(DOT, DOT), mask=Mask(4, 9, b"a" * 36)), "the mask is 4x9"),
        (replace(TWO, noise_blends=(NoiseBlend(1, 0.5),)), "noise_blends has 1 entries for 2 seeds"),
        (replace(REQUEST, noise_blends=(NoiseBlend(1, 1.5),)), "share of another seed's noise is 1.5"),
        (replace(REQUEST, noise_blends=(NoiseBlend(-1, 0.5),)), "seed is -1"),
        (replace(REQUEST, parts=(WeightedPart("a", 0.0),)), "the part 'a' weighs 0.0; a weight must be above 0"),
        (replace(REQUEST, parts=(WeightedPart("a", float("nan")),)), "the part 'a' weighs nan"),
        (replace(REQUEST, parts=(WeightedPart("a"),) * 33), "at most 32 parts; this one has 33"),
        (replace(REQUEST, parts=(WeightedPart("\ud83e"),)), "half a character"),
        (replace(REQUEST, stop_step=0), "stop_step is 0; it must be between 1 and 30"),
        (replace(REQUEST, stop_step=31), "stop_step is 31"),
        (replace(REQUEST, steps=8, stop_step=9), "stop_step is 9; it must be between 1 and 8"),
        (referring(("image", RED, -0.1)), "weight of a reference is -0.1"),
        (referring(("image", Pixels(1, 0, b""), 1.0)), "a picture of 1x0 pixels has no area"),
        (referring(*[("image", RED, 1.0)] * 17), "at most 16 references"),
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


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (replace(REQUEST, parts=(WeightedPart("a"),)), "tiny does not weigh parts"),
        (replace(REQUEST, guidance_scales=(2.0,)), "tiny has one guidance for all pictures"),
        (replace(REQUEST, stop_step=3), "tiny cannot stop early"),
        (replace(REQUEST, tile=True), "tiny cannot draw tiles"),
        (referring(("image", RED, 1.0)), "tiny cannot be guided by pictures"),
        (referring(("style", RED, 1.0)), "tiny cannot take the style"),
        (referring(("character", RED, 1.0)), "tiny cannot take a character"),
        (referring(("object", RED, 1.0)), "tiny cannot take an object"),
    ],
)
def test_what_a_model_does_not_declare_is_refused(request_: GenerateRequest, sentence: str) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        resolve(request_, replace(TRAITS, info=UNABLE))
    assert resolve(request_, TRAITS).prompt == "a fox"


def test_each_row_is_told_what_is_its_own() -> None:
    blend, start = NoiseBlend(5, 0.5), Start((DOT.pixels,), 0.5)
    settings = resolve(
        replace(TWO, guidance_scales=(3.0, 4.0), noise_blends=(blend, blend), init_images=(DOT, DOT)), TRAITS
    )
    assert settings.rows == (RowSettings(1, 3.0, start, blend), RowSettings(2, 4.0, start, blend))
    assert [settings.of_row(index).guidance_scale for index in (0, 1)] == [3.0, 4.0]
    assert [settings.of_row(index).seed for index in (0, 1)] == [1, 2]
    assert settings.of_row(1).rows == ()


def test_a_model_that_looks_at_pictures_is_given_them() -> None:
    request = referring(("style", RED, 1.0))
    settings = resolve(request, replace(TRAITS, reads_references=True))
    assert (settings.references, settings.start, settings.notes) == (request.references, None, ())


@pytest.mark.parametrize(("weight", "strength"), [(0.4, 0.9), (1.0, 0.75), (2.0, 0.5), (9.0, 0.25)])
def test_another_model_starts_from_them_the_closer_the_more_they_weigh(weight: float, strength: float) -> None:
    settings = resolve(referring(("image", RED, weight), ("image", BLUE, weight), ("image", RED, 0.0)), TRAITS)
    assert settings.start is not None
    assert (settings.start.pictures, settings.start.weights) == ((RED, BLUE), (0.5, 0.5))
    assert settings.start.strength == pytest.approx(strength)
    assert (settings.references, settings.notes) == ((), ())


def test_what_it_cannot_single_out_is_noted() -> None:
    settings = resolve(referring(("object", RED, 1.0), ("image", BLUE, 3.0), ("character", BLUE, 1.0)), TRAITS)
    assert settings.start is not None
    assert settings.start.weights == (0.2, 0.6, 0.2)
    assert [note.split(";")[0] for note in settings.notes] == [
        "tiny cannot single out the character of a picture",
        "tiny cannot single out the object of a picture",
    ]


def test_a_picture_to_start_from_goes_before_references() -> None:
    settings = resolve(replace(referring(("image", RED, 1.0)), init_image=DOT), TRAITS)
    assert settings.start == Start((DOT.pixels,), 0.5)
    assert "the references were left out" in settings.notes[0]


def test_references_that_weigh_nothing_change_nothing() -> None:
    assert resolve(referring(("object", RED, 0.0)), TRAITS) == resolve(REQUEST, TRAITS)


@pytest.mark.parametrize(("walk", "steps"), [(30, 12), (10, 4), (1, 1), (0, 0), (59, 24)])
def test_a_walk_is_stopped_after_the_share_that_was_asked_for(walk: int, steps: int) -> None:
    assert resolve(replace(REQUEST, stop_step=12), TRAITS).steps_taken(walk) == steps
    assert resolve(REQUEST, TRAITS).steps_taken(walk) == walk
