"""The word memories before training: each patch of each sprite as its 128 strongest principal components. Training
continues from there, so no step is spent on finding a code the shared network can read."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.starter.sprites import SpriteSet, patches
from engine.starter.vocabulary import SIZES


def first_memory(sprites: SpriteSet, width: int) -> Tensor:
    """[nouns, styles, cells, width]. Strong components are damped (divided by the root of their spread), so that the
    fine ones are heard by the network too; the whole has unit spread."""
    rows = np.concatenate([patches(sprites.boxes[size]) for size in SIZES], axis=2).astype(np.float32) / 255
    flat = rows.reshape(-1, rows.shape[-1])
    centred = flat - flat.mean(axis=0)
    spread, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    strongest = np.argsort(spread)[::-1][:width]
    codes = centred @ directions[:, strongest] / np.sqrt(np.sqrt(spread[strongest]) + 1e-6)
    memory = (codes / codes.std()).reshape(*rows.shape[:3], -1).astype(np.float32)
    missing = width - memory.shape[-1]
    return torch.from_numpy(np.pad(memory, ((0, 0), (0, 0), (0, 0), (0, missing))))
