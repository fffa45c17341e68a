"""For tests that are not about time: nobody in them gives up because the machine is slow."""

from dataclasses import replace

from bot.sandbox import Clock, SandboxConfig

PATIENCE_SECONDS = 300.0
"""Until a program, a browser or a thread is taken for stuck. Nothing waits longer than it must."""
PATIENCE_MS = PATIENCE_SECONDS * 1000
"""As browsers count."""


def patient(config: SandboxConfig) -> SandboxConfig:
    """A stand-in Discord whose members wait."""
    return replace(config, wait_seconds=120.0, first_response_seconds=120.0)


PATIENT = patient(SandboxConfig(rate_limits=None))


def still_clock() -> Clock:
    """It moves when a test turns it, and not while a slow machine thinks."""
    return Clock(ticks=lambda: 0.0)
