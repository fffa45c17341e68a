"""A stand-in Discord for tests that are not about time: nobody in it gives up because the machine is slow."""

from bot.sandbox import SandboxConfig

PATIENT = SandboxConfig(rate_limits=None, wait_seconds=60.0, first_response_seconds=60.0)
