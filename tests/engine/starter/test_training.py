from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.starter.courtesy import Courtesy
from engine.starter.dataset import Composer, held_out
from engine.starter.evaluate import questions, score, true_renders
from engine.starter.judge import Judge
from engine.starter.model import StarterModel
from engine.starter.sprites import SpriteSet
from engine.starter.trainer import Trainer, TrainingConfig
from engine.starter.vocabulary import Vocabulary

CONFIG = TrainingConfig(batch=8, sketches=8, learning_rate=3e-3, memory_rate=0.01, warmup_steps=5, first_samples=0)


def test_training_lowers_the_loss(model: StarterModel, composer: Composer) -> None:
    trainer = Trainer(model, composer, CONFIG)
    losses = [trainer.step() for _ in range(60)]
    assert sum(losses[-15:]) < 0.6 * sum(losses[:15])


def test_a_resumed_run_takes_the_very_step_it_would_have_taken(
    model: StarterModel, composer: Composer, tmp_path: Path
) -> None:
    fresh = copy.deepcopy(model)
    trainer = Trainer(model, composer, CONFIG)
    for _ in range(3):
        trainer.step()
    trainer.save(tmp_path / "checkpoint.pt")
    resumed = Trainer(fresh, composer, CONFIG)
    resumed.load(tmp_path / "checkpoint.pt")
    assert resumed.step() == trainer.step()
    for one, other in zip(model.state_dict().values(), fresh.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_a_checkpoint_of_another_network_is_refused(model: StarterModel, composer: Composer, tmp_path: Path) -> None:
    Trainer(model, composer, CONFIG).save(tmp_path / "checkpoint.pt")
    wider = StarterModel(model.vocabulary, dataclasses.replace(model.config, width=64))
    with pytest.raises(ValueError, match="another network"):
        Trainer(wider, composer, CONFIG).load(tmp_path / "checkpoint.pt")


def test_only_the_memories_of_the_batch_are_trained(model: StarterModel, composer: Composer) -> None:
    before = model.memory.clone()
    trainer = Trainer(model, composer, dataclasses.replace(CONFIG, batch=1, sketches=1))
    for _ in range(2):  # the first step finds the output layer at zero, so nothing reaches the memory
        trainer.step()
    moved = (model.memory != before).any(dim=-1)
    assert 0 < int(moved.sum()) < moved.numel() / 2


def test_questions_are_different_held_out_combinations(vocabulary: Vocabulary) -> None:
    asked = questions(vocabulary, 60)
    assert len({(each.noun, each.background, each.style, each.size) for each in asked}) == 60
    for each in asked:
        assert held_out(vocabulary.nouns[each.noun].head, each.background, each.style, each.size)


def test_the_judge_recognises_true_renders_and_not_shuffled_ones(composer: Composer, sprites: SpriteSet) -> None:
    asked = questions(composer.vocabulary, 80)
    judge, pictures = Judge(sprites), true_renders(composer, asked)
    right, wrong = score(judge, asked, pictures), score(judge, asked, pictures[1:] + pictures[:1])
    assert right["background_right"] > 0.9  # large toy sprites are opaque squares of any colour
    assert right["noun_right"] > 0.95
    assert right["style_right"] > 0.95
    assert wrong["background_right"] < 0.3
    assert wrong["style_right"] < 0.7


def test_courtesy_never_asks_for_less_than_one_thread() -> None:
    courtesy = Courtesy()
    assert courtesy.threads() >= 1


def test_the_judges_distance_is_that_of_composed_renders(composer: Composer, sprites: SpriteSet) -> None:
    """The products give what composing every render and subtracting would."""
    from engine.starter.judge import _Renders

    boxes = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 4)).astype(np.uint8)
    boxes[..., :3] = np.minimum(boxes[..., :3], boxes[..., 3:])  # premultiplied
    box, behind = np.random.default_rng(1).random((2, 32, 32, 3)).astype(np.float32)
    found = _Renders(boxes).distances(box, behind).reshape(2, 3)
    scaled = boxes / 255
    composed = scaled[..., :3] + (1 - scaled[..., 3:]) * behind
    assert np.allclose(found, np.square(composed - box).mean(axis=(2, 3, 4)), atol=1e-4)


def test_training_can_go_on_from_weights_alone(model: StarterModel, composer: Composer) -> None:
    trainer = Trainer(copy.deepcopy(model), composer, dataclasses.replace(CONFIG, first_samples=80))
    with torch.no_grad():
        model.denoiser.patch_out.bias.fill_(0.5)
    trainer.start_from(model)
    assert trainer.samples == 80
    for mine, given in zip(trainer.average.state_dict().values(), model.state_dict().values(), strict=True):
        assert torch.equal(mine, given)
