"""Long work cut into slices: a generator that computes for some tens of milliseconds between one `yield` and the next.

What it yields may be told to whoever waits; None only offers a pause. Its return value is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, TypeVar

from greenlet import getcurrent, greenlet

from engine.protocol import Described, Finished, Progress, Started, Weighed

if TYPE_CHECKING:
    from torch import nn

T = TypeVar("T")

Slices = Generator[None, None, T]
"""Slices of something that reports no progress, such as one pass through a network."""

Result = Finished | Described | Weighed
Work = Generator[Started | Progress | None, None, Result]
"""A whole request. Its result's `engine_seconds` is filled in by whoever held the clock."""


def in_slices(compute: Callable[[], T], network: nn.Module) -> Slices[T]:
    """Pauses whenever a layer of the network has computed, although neither `compute` nor the network knows of that.

    It runs on a stack of its own (a greenlet) in the same thread; closing the generator ends it where it stands.
    """
    inner = greenlet(compute)

    def pause(*_: object) -> None:
        if getcurrent() is inner:  # others may be using the same network meanwhile
            inner.parent.switch()

    layers = [module for module in network.modules() if next(module.children(), None) is None]
    hooks = [layer.register_forward_hook(pause) for layer in layers]
    try:
        result = inner.switch()
        while not inner.dead:
            yield
            inner.parent = getcurrent()
            result = inner.switch()
        return result
    finally:
        for hook in hooks:
            hook.remove()
        if not inner.dead:
            inner.parent = getcurrent()
            inner.throw()


def finish(slices: Slices[T]) -> T:
    """All slices at once."""
    while True:
        try:
            next(slices)
        except StopIteration as done:
            value: T = done.value
            return value
