"""The doctor's look at Discord: over the real socket, without the gateway."""

from collections.abc import AsyncIterator, Iterator

import discord
import pytest

from bot.domain.finding import Finding, Health
from bot.sandbox import Sandbox
from bot.ui.check import NEEDED, check_discord, check_permissions
from bot.ui.endpoints import point_discord_at
from tests.patience import PATIENT


@pytest.fixture(autouse=True)
def _address_put_back() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
        patch.setattr(
            discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
        )
        yield


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(PATIENT) as running:
        point_discord_at(running.api_url, running.gateway_url)
        yield running


async def test_a_good_token_and_a_server_where_it_may_do_all(sandbox: Sandbox) -> None:
    findings = await check_discord(sandbox.bot_token)
    assert [(found.subject, found.health) for found in findings] == [
        ("token", Health.GOOD),
        ("server Easel", Health.GOOD),
    ]


async def test_a_token_that_discord_does_not_know(sandbox: Sandbox) -> None:
    [finding] = await check_discord("wrong")
    assert finding.health is Health.BAD
    assert "developer portal" in finding.sentence


async def test_a_discord_that_does_not_answer() -> None:
    point_discord_at("http://127.0.0.1:9/api/v10", "ws://127.0.0.1:9/gateway")
    [finding] = await check_discord("any")
    assert finding.health is Health.BAD
    assert "network" in finding.sentence


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        (NEEDED, Finding("server A", Health.GOOD, "The bot may do all it needs there.")),
        (
            discord.Permissions(administrator=True),
            Finding("server A", Health.GOOD, "The bot may do all it needs there."),
        ),
        (
            NEEDED & ~discord.Permissions(attach_files=True, embed_links=True),
            Finding("server A", Health.BAD, "The bot lacks: embed links, attach files. Grant them to its role."),
        ),
    ],
)
def test_missing_permissions_are_named(permissions: discord.Permissions, expected: Finding) -> None:
    assert check_permissions("A", permissions.value) == expected
