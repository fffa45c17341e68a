"""Every error becomes a red embed with a title and a sentence; what is unknown gets an incident id and is logged."""

import discord
import pytest
from discord import app_commands
from structlog.testing import capture_logs

from bot.domain.errors import EmptyPrompt, JobGone, QueueFull, StudioError
from bot.domain.job import FailureReason
from bot.ui.errors import RED, UnknownButton, embed_for, failure_embed
from bot.usecases.ports import DeliveryRefused
from tests.domain.factories import a_job


@pytest.mark.parametrize("error", [EmptyPrompt(), QueueFull(10), JobGone(), UnknownButton()])
def test_known_errors_speak_for_themselves(error: StudioError) -> None:
    embed = embed_for(error)
    assert (embed.title, embed.description) == (error.title, error.sentence)
    assert embed.colour == discord.Colour(RED)
    assert RED == 16711680


def test_a_command_that_changed_says_what_to_do() -> None:
    assert "Restart Discord" in (embed_for(app_commands.CommandNotFound("imagine", [])).description or "")


def test_chat_trouble_is_not_an_incident() -> None:
    with capture_logs() as logs:
        embed = embed_for(DeliveryRefused("no"))
    assert embed.title == "Sorry, something went wrong"
    assert logs == []


def test_an_unknown_error_is_logged_under_the_id_that_the_member_sees() -> None:
    with capture_logs() as logs:
        embed = embed_for(ZeroDivisionError("secret detail"))
    assert embed.title == "Sorry, something went wrong"
    assert embed.description
    assert "secret" not in embed.description
    assert [log["incident"] for log in logs] == [embed.footer.text]


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_is_told(reason: FailureReason) -> None:
    embed = failure_embed(a_job(failure=reason, incident_id="abcd1234"))
    assert embed.title
    assert embed.description
    assert embed.footer.text == "abcd1234"
