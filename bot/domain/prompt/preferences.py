"""What a member has stored for all prompts: personal options, a suffix, settings. Knows how they enter a prompt."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

from bot.domain.errors import InvalidParameter, PromptTooLong
from bot.domain.prompt.characters import clean, straighten_dashes
from bot.domain.prompt.parameters import Speed, Visibility
from bot.domain.prompt.permutations import expand
from bot.domain.prompt.split import Given, split
from bot.domain.prompt.table import NAMES
from bot.domain.said import Said

MAX_PROMPT = 6_000
"""Characters: what a text option of a command can hold."""
MAX_OPTIONS = 20
MAX_OPTION_NAME = 32
MAX_MENTIONS = 20
"""Members whose styles are looked up for one prompt; each takes a look at hundreds of pictures."""
MAX_CHOICES = 40
"""Of a suffix with braces: what the largest plan may ask for at once."""

_OPTION = re.compile(r"(?:^|(?<=[\s{,]))--(?P<name>[a-z][a-z0-9_-]*)")
_OPTION_NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,{MAX_OPTION_NAME - 1}}}")
_MENTION = re.compile(r"<@!?(?P<id>[0-9]{1,20})>")

_BEYOND_IDS = 2**63

Texts = Mapping[str, str]
NOTHING: Texts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PromptPreferences:
    """`options` are texts by name, without dashes; `suffix` and `settings` hold parameters as they would be typed.

    What is typed wins over the suffix, the suffix over the settings. `speed` and `visibility` hold when no flag names
    another. `profile` is the code of the member's own style, empty until enough pictures are rated; `profiles` those
    of members that the prompt may mention, by user id (see `find_mentions`).
    """

    options: Texts = field(default_factory=lambda: NOTHING)
    suffix: str = ""
    settings: str = ""
    speed: Speed = Speed.FAST
    visibility: Visibility = Visibility.PUBLIC
    profile: str = ""
    profiles: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))


def find_mentions(text: str) -> frozenset[int]:
    """The user ids whose style a prompt may ask for by `--p <@id>`; of more than `MAX_MENTIONS` the first."""
    named = (int(match["id"]) for match in _MENTION.finditer(text[:MAX_PROMPT]))
    return frozenset(islice(dict.fromkeys(user_id for user_id in named if user_id < _BEYOND_IDS), MAX_MENTIONS))


def check_option(name: str, value: str, others: Texts = NOTHING) -> None:
    """Whether a personal option may be stored so beside the others. Raises a `PromptError`."""
    if not _OPTION_NAME.fullmatch(name):
        raise InvalidParameter(
            "`{name}` cannot be the name of an option: use at most {limit} small letters and digits.",
            name=name[:40],
            limit=MAX_OPTION_NAME,
        )
    if name in NAMES:
        raise InvalidParameter("`--{name}` has a meaning already; choose another name.", name=name)
    if len(value) > MAX_PROMPT:
        raise PromptTooLong(len(value), MAX_PROMPT)
    together = {**others, name: value}
    expand_options(prepare(value, together), together)


def check_suffix(value: str, options: Texts = NOTHING, limit: int = MAX_CHOICES) -> None:
    """Whether a suffix may be stored so: parameters only, in each of its choices. Raises a `PromptError`."""
    if len(value) > MAX_PROMPT:
        raise PromptTooLong(len(value), MAX_PROMPT)
    for choice in expand(expand_options(prepare(value, options), options), limit):
        if text := split(prepare(choice, {})).body:
            raise InvalidParameter(
                "A suffix holds parameters only, such as `--ar 3:2`; `{text}` is text.", text=text[:60]
            )


def prepare(raw: str, options: Texts) -> str:
    """One safe line with plain dashes, as every reader of prompts expects it."""
    return straighten_dashes(clean(raw), NAMES.keys() | options.keys())


def expand_options(line: str, options: Texts) -> str:
    """Write every personal option out, also within others. Raises `InvalidParameter` for one within itself."""
    if not options:
        return line
    written = len(line)

    def write_out(text: str, within: tuple[str, ...]) -> str:
        def value_of(match: re.Match[str]) -> str:
            nonlocal written
            name = match["name"]
            if name not in options or name in NAMES:
                return match[0]
            if name in within or len(within) > MAX_OPTIONS:
                raise InvalidParameter(
                    "Your option `--{name}` stands within itself; change it with `/prefer option set`.", name=name
                )
            value = prepare(options[name], options)
            written += len(value)
            if written > MAX_PROMPT:
                raise PromptTooLong(written, MAX_PROMPT)
            return write_out(value, (*within, name))

        return _OPTION.sub(value_of, text)

    return write_out(line, ())


def read_stored(text: str, kind: str) -> tuple[tuple[Given, ...], tuple[str, ...]]:
    """The parameters of a suffix or of settings, and a notice about words that do not belong there."""
    try:
        stored = split(text)
    except InvalidParameter as error:
        if kind == "suffix":
            raise InvalidParameter("In your suffix: {error}", error=error.sentence) from None
        raise InvalidParameter("In your settings: {error}", error=error.sentence) from None
    left_out = Said("The words in your suffix were left out; it may hold parameters only.")
    return stored.given, (left_out,) if stored.body else ()
