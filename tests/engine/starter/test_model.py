from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from engine.starter.drawing import draw
from engine.starter.model import Conditioning, StarterModel, WeightsMissing, from_patches, to_patches
from engine.starter.vocabulary import Vocabulary


def test_saving_and_loading_keeps_the_pictures_within_half_precision(model: StarterModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = StarterModel.load(tmp_path)
    latents, times = torch.randn(2, 3, 64, 64), torch.tensor([0.3, 0.8])
    prompts = ["a monkey", "two gorillas at night"]
    with torch.inference_mode():
        before = model.denoise(latents, times, model.encode(prompts))
        after = again.denoise(latents, times, again.encode(prompts))
    assert torch.allclose(before, after, atol=0.02)


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"config\.json"):
        StarterModel.load(tmp_path)


def test_a_row_does_not_depend_on_its_neighbours(model: StarterModel) -> None:
    prompts = ["a monkey", "three gorillas, red background", "", "a small dog at the left"]
    latents, times = torch.randn(4, 3, 64, 64), torch.tensor([0.9, 0.1, 0.5, 1.0])
    with torch.inference_mode():
        together = model.denoise(latents, times, model.encode(prompts))
        for row, prompt in enumerate(prompts):
            alone = model.denoise(latents[row : row + 1], times[row : row + 1], model.encode([prompt]))
            assert torch.allclose(alone[0], together[row], atol=1e-4)


def test_conditioning_of_two_requests_can_be_joined(model: StarterModel) -> None:
    first, second = model.encode(["a monkey"]), model.encode(["four dogs at night", ""])
    joined = Conditioning(
        torch.cat((first.embeds, second.embeds)),
        torch.cat((first.mask, second.mask)),
        torch.cat((first.pooled, second.pooled)),
    )
    assert model.denoise(torch.randn(3, 3, 64, 64), torch.rand(3), joined).shape == (3, 3, 64, 64)


def test_the_velocity_is_what_the_diffusers_scheduler_steps_with(model: StarterModel) -> None:
    """One scheduler step from sigma to 0 lands on the network's own clean picture."""
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000)
    scheduler.set_timesteps(sigmas=[0.5])
    latents, conditioning = torch.randn(1, 3, 64, 64), model.encode(["a monkey"])
    with torch.inference_mode():
        velocity = model.denoise(latents, scheduler.timesteps / 1000, conditioning)
        stepped = scheduler.step(velocity, scheduler.timesteps[0], latents).prev_sample
        clean = model.predict_clean(latents, torch.tensor([0.5]), conditioning)
    assert torch.allclose(stepped, clean, atol=1e-4)


def test_a_long_prompt_is_cut_not_refused(model: StarterModel) -> None:
    embeds = model.encode(["a monkey and a dog under a gorilla " * 40]).embeds
    assert embeds.shape == (1, model.config.rows, 2 + model.config.content)


def test_patches_and_pictures_are_inverse() -> None:
    pictures = torch.randn(2, 3, 64, 64)
    assert torch.equal(from_patches(to_patches(pictures)), pictures)


def test_drawing_with_guidance_gives_one_picture_a_prompt(model: StarterModel) -> None:
    pictures = draw(model, ["a monkey", ""], seed=1, steps=2, guidance=2.0)
    assert [picture.shape for picture in pictures] == [(64, 64, 3)] * 2


def test_known_words_hold_heads_and_folded_words(vocabulary: Vocabulary, model: StarterModel) -> None:
    known = model.known_words()
    assert {noun.head for noun in vocabulary.nouns} <= known.keys()
    assert "kitten" in Vocabulary.from_file().known_words()["cat"]
    assert "crimson" in known["red"]


def test_smaller_boxes_look_at_the_large_cells_beneath_them(model: StarterModel) -> None:
    """Cells are numbered small, medium, large; 36 is the blank beyond the large picture's edge."""
    under = model.resizer.under.tolist()
    assert under[0] == [36, 36, 36, 0]  # the small box has a margin: its corner shows a corner of the object
    assert under[5] == [7, 8, 13, 14]  # row 1, column 1 of it: large rows and columns 1 and 2
    assert under[16] == [0, 1, 6, 7]
    assert under[16 + 15] == [28, 29, 34, 35]
    assert under[32:] == [[cell] * 4 for cell in range(36)]


def test_naming_a_background_moves_nothing(model: StarterModel) -> None:
    open_prompt, named = "a monkey under two gorillas", "a monkey under two gorillas on a red background"
    with torch.inference_mode():
        one, other = model.encode([open_prompt]), model.encode([named])
    assert torch.allclose(one.embeds, other.embeds, atol=1e-5)
    assert not torch.allclose(one.pooled, other.pooled, atol=1e-3)
