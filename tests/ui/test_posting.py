"""What Discord answers decides whether another try is worth it."""

from dataclasses import dataclass, field
from typing import cast

import aiohttp
import discord
import pytest

from bot.ui.posting import as_delivery_error, delivery_errors
from bot.usecases.ports import DeliveryDelayed, DeliveryError, DeliveryRefused, FileTooLarge


@dataclass
class Answer:
    """What discord.py reads of an HTTP response when it makes an error of it."""

    status: int
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, code: int = 0, headers: dict[str, str] | None = None) -> discord.HTTPException:
    answer = cast("aiohttp.ClientResponse", Answer(status, headers=headers or {}))
    return discord.HTTPException(answer, {"code": code, "message": "refused"})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, 50001, DeliveryRefused),
        (403, 50013, DeliveryRefused),
        (403, 50007, DeliveryRefused),
        (404, 10003, DeliveryRefused),
        (400, 50035, DeliveryRefused),
        (413, 0, FileTooLarge),
        (400, 40005, FileTooLarge),
        (429, 0, DeliveryDelayed),
        (500, 0, DeliveryDelayed),
        (503, 0, DeliveryDelayed),
    ],
)
def test_refusals(status: int, code: int, kind: type[DeliveryError]) -> None:
    assert type(as_delivery_error(refusal(status, code))) is kind


def test_discord_says_how_long_to_wait() -> None:
    error = as_delivery_error(refusal(429, headers={"Retry-After": "2.5"}))
    assert isinstance(error, DeliveryDelayed)
    assert error.retry_after == 2.5


@pytest.mark.parametrize("value", [{}, {"Retry-After": "soon"}])
def test_a_wait_of_unknown_length(value: dict[str, str]) -> None:
    error = as_delivery_error(refusal(429, headers=value))
    assert isinstance(error, DeliveryDelayed)
    assert error.retry_after is None


@pytest.mark.parametrize("trouble", [aiohttp.ServerDisconnectedError(), ConnectionResetError(), TimeoutError()])
def test_a_dropped_line_is_worth_another_try(trouble: Exception) -> None:
    with pytest.raises(DeliveryDelayed), delivery_errors():
        raise trouble


def test_a_refusal_reads_as_a_reason() -> None:
    assert str(as_delivery_error(refusal(403, 50007))) == "direct messages are closed"
