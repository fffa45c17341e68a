"""The parameters that a prompt may carry, as data: names, what each accepts, and the sentence when it does not."""

from dataclasses import dataclass

from bot.domain.errors import InvalidParameter

MAX_SEED = 2**32 - 1
MAX_ASPECT = 4


@dataclass(frozen=True, slots=True)
class GenerationParams:
    """What the engine needs to know of a prompt.

    `text` is the prompt without its parameters; `aspect` is width to height; `quality` scales the number of steps.
    """

    text: str
    seed: int
    negative: str = ""
    aspect: tuple[int, int] = (1, 1)
    quality: float = 1.0
    model: str = ""


def parse_aspect(value: str) -> tuple[int, int]:
    width_text, colon, height_text = value.partition(":")
    if not (
        colon and width_text.isascii() and width_text.isdigit() and height_text.isascii() and height_text.isdigit()
    ):
        raise InvalidParameter(f"`--ar {value[:40]}` needs two whole numbers, such as `--ar 3:2`.")
    if max(len(width_text), len(height_text)) > 6:
        raise InvalidParameter("`--ar` takes numbers of at most six digits, such as `--ar 3:2`.")
    width, height = int(width_text), int(height_text)
    if not width or not height or max(width / height, height / width) > MAX_ASPECT:
        raise InvalidParameter(f"`--ar {value}` is too narrow; use a shape between 1:{MAX_ASPECT} and {MAX_ASPECT}:1.")
    return width, height


def parse_integer(name: str, value: str, low: int, high: int) -> int:
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 12:
        raise InvalidParameter(f"`--{name}` needs a whole number from {low} to {high}, not `{value[:40]}`.")
    number = int(value)
    if not low <= number <= high:
        raise InvalidParameter(f"`--{name}` must be between {low} and {high}; you asked for {number}.")
    return number


def parse_quality(value: str) -> float:
    allowed = {".25": 0.25, "0.25": 0.25, ".5": 0.5, "0.5": 0.5, "1": 1.0, "2": 2.0}
    if value not in allowed:
        raise InvalidParameter(f"`--quality` must be .25, .5, 1 or 2, not `{value[:40]}`.")
    return allowed[value]
