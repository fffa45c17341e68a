"""What the engine says in words: what is in a picture, and which words of a prompt matter. Nothing is kept of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.domain.errors import CannotDraw, InvalidParameter, StudioError
from bot.domain.job import UserId
from bot.domain.prompt.characters import clean
from bot.domain.said import Said
from bot.domain.suggestions import Weighed as WeighedWord
from bot.domain.suggestions import as_words, find_ratio
from bot.usecases.admission import random_seed
from bot.usecases.bring_in import fetch_picture
from bot.usecases.studio import Studio
from engine.protocol import (
    Cancelled,
    Described,
    DescribeRequest,
    Failed,
    FailureCode,
    Pixels,
    TerminalEvent,
    Weighed,
    WeighWordsRequest,
)

log = structlog.get_logger(__name__)

DESCRIPTIONS = 4


class NoAnswer(StudioError):
    title = "Internal error"

    def __init__(self) -> None:
        super().__init__("The model gave no answer this time. Please try again in a moment.")


@dataclass(frozen=True, slots=True)
class Description:
    """`texts` are whole prompts, each with the picture's own `--ar`."""

    pixels: Pixels
    texts: tuple[str, ...]


async def describe_picture(url: str, user_id: UserId, *, studio: Studio) -> Description:
    """Every call may say it in other words. Raises `MemberBlocked`, `InvalidLink`, `CannotDraw` or `NoAnswer`."""
    await _check_block(user_id, studio)
    pixels = await fetch_picture(url, studio=studio)
    request = DescribeRequest(_new_id(), pixels, DESCRIPTIONS, random_seed(), fairness_key=str(user_id))
    match await _ask(request, studio):
        case Described(texts):
            ratio = find_ratio(pixels.width, pixels.height)
            return Description(pixels, tuple(f"{clean(as_words(text))} --ar {ratio}" for text in texts))
        case end:
            raise _no_answer(end, Said("This studio has no model that describes pictures."))


async def weigh_prompt(prompt: str, user_id: UserId, *, studio: Studio) -> Sequence[WeighedWord]:
    """The words of a prompt without its parameters.

    Raises `MemberBlocked`, `InvalidParameter`, `CannotDraw` or `NoAnswer`.
    """
    words, _ = split_parameters(prompt)
    await _check_block(user_id, studio)
    match await _ask(WeighWordsRequest(_new_id(), words, fairness_key=str(user_id)), studio):
        case Weighed(weighed):
            return [(one.word, one.weight) for one in weighed]
        case end:
            raise _no_answer(end, Said("This studio has no model that weighs words."))


def split_parameters(prompt: str) -> tuple[str, str]:
    """The words, and the parameters as they were typed. Raises `InvalidParameter`."""
    words, dashes, rest = clean(prompt).partition(" --")
    parameters = f"{dashes}{rest}".strip()
    if parameters.startswith("--no ") or " --no " in parameters:
        raise InvalidParameter("`/shorten` reads prompts without `--no`. Leave it out.")
    if not words.strip() or words.startswith("--"):
        raise InvalidParameter("There are no words to weigh. Put some before the parameters.")
    if "::" in words:
        raise InvalidParameter("`/shorten` reads prompts without `::`. Leave the weights out.")
    return words.strip(), parameters


async def _check_block(user_id: UserId, studio: Studio) -> None:
    async with studio.db.reading() as tx:
        await studio.check_block(user_id, tx)


async def _ask(request: DescribeRequest | WeighWordsRequest, studio: Studio) -> TerminalEvent:
    async for event in studio.engine.generate(request):
        if isinstance(event, TerminalEvent):
            return event
    raise TypeError("the engine's stream ended without an end")


def _no_answer(end: TerminalEvent, unable: Said) -> StudioError:
    match end:
        case Failed(FailureCode.INVALID_REQUEST | FailureCode.UNKNOWN_MODEL, reason):
            log.warning("no answer", why=reason)
            return CannotDraw(unable)
        case Failed(code, reason):
            log.error("no answer", code=code, why=reason)
            return NoAnswer()
        case Cancelled():
            return NoAnswer()
        case other:
            raise TypeError(f"a question was answered with {other}")


def _new_id() -> str:
    return f"ask-{uuid.uuid4()}"
