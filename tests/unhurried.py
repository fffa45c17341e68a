"""A bot inside the test's own process, which may be slow, and which leaves discord.py as it was."""

import contextlib
from collections.abc import Iterator

import discord
import pytest
from discord.gateway import DiscordWebSocket

from bot.ui import answering
from tests.patience import PATIENT


@contextlib.contextmanager
def unhurried() -> Iterator[pytest.MonkeyPatch]:
    """It answers when it can; nobody is told first that it takes long. What else is patched is put back as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
        patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
        patch.setattr(answering, "PATIENCE_SECONDS", PATIENT.first_response_seconds)
        yield patch
