"""From what a member typed to the prompts that it asks for, or a named error. Every step is linear in the length."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.errors import InvalidParameter, InvalidPrompt, NotEnoughRatings, PromptTooLong
from bot.domain.prompt.characters import narrow
from bot.domain.prompt.checks import PromptRules, check_plan, check_together, check_version
from bot.domain.prompt.echo import write_echo
from bot.domain.prompt.links import FoundLink, find_links, remove_links
from bot.domain.prompt.parameters import GenerationParams, PromptPart
from bot.domain.prompt.permutations import expand, too_many
from bot.domain.prompt.preferences import MAX_PROMPT, PromptPreferences, expand_options, prepare, read_stored
from bot.domain.prompt.reading import Personal, Reading
from bot.domain.prompt.split import Given, Split, give_more, split
from bot.domain.prompt.values import read, read_version_key
from bot.domain.prompt.versions import ANY, find_model, name_version
from bot.domain.prompt.weights import check_weights, split_parts
from bot.domain.said import Said

OMNI_VERSION = "7"
"""The one that draws `--oref`, whatever newer one is asked for."""

MAX_WRITTEN = 40_000
"""Characters of all prompts of one command together, so that reading them stays a matter of milliseconds."""

Draw = Callable[[], int]
"""A fresh random number of 32 bits, for seeds and for styles by chance."""


@dataclass(frozen=True, slots=True)
class ParsedPrompt:
    """`echo` is the normalised prompt on one line, safe between a pair of `**`. It may be as long as a prompt may."""

    params: GenerationParams
    echo: str


@dataclass(frozen=True, slots=True)
class Submission:
    """All the jobs of one command, in order, and sentences on what was understood otherwise than it was typed."""

    prompts: tuple[ParsedPrompt, ...]
    notices: tuple[str, ...] = ()


def parse_submission(
    raw: str, *, draw: Draw, preferences: PromptPreferences | None = None, rules: PromptRules | None = None
) -> Submission:
    """Raises a `PromptError` whose sentence says what to change."""
    reader = _Reader(preferences or PromptPreferences(), rules or PromptRules(), draw)
    if len(raw) > MAX_PROMPT:
        raise PromptTooLong(len(raw), MAX_PROMPT)
    outlines = list(reader.outline(raw))
    counts = [_repeats(outline.given) for outline in outlines]
    if sum(counts) > reader.rules.batch_limit:
        raise too_many(sum(counts), reader.rules.batch_limit)
    prompts = [
        prompt for outline, count in zip(outlines, counts, strict=True) for prompt in reader.build(outline, count)
    ]
    for prompt in prompts:
        check_plan(prompt.params, len(prompts), reader.preferences, reader.rules)
    return Submission(tuple(prompts), tuple(dict.fromkeys(reader.notices)))


def parse(raw: str, *, random_seed: int) -> ParsedPrompt:
    """One prompt by itself, preferences set aside. Raises a `PromptError`."""
    return parse_submission(raw, draw=lambda: random_seed, rules=PromptRules(batch_limit=1)).prompts[0]


class _Reader:
    """Reads the prompts of one command; collects the notices of all."""

    def __init__(self, preferences: PromptPreferences, rules: PromptRules, draw: Draw) -> None:
        self.preferences = preferences
        self.rules = rules
        self.notices: list[str] = []
        self._draw = draw
        self._personal = Personal(preferences.profile, preferences.profiles, draw)

    def outline(self, raw: str) -> Iterator[Split]:
        """One for every combination of choices in braces, with what the member has stored appended."""
        stored, limit = self.preferences, self.rules.batch_limit
        line, written = self._write_out(raw), 0
        settings, notice = read_stored(prepare(stored.settings, {}), "settings")
        self.notices += notice
        suffixes = [read_stored(prepare(text, {}), "suffix") for text in expand(self._write_out(stored.suffix), limit)]
        for text in expand(line, limit):
            typed = split(text if text == line else prepare(text, {}))
            self.notices += typed.notices
            for suffix, notice in suffixes:
                given = give_more(typed.given, suffix, "suffix")
                self.notices += notice
                outline = replace(typed, given=give_more(given, settings, "settings"))
                written += len(text) * (_repeats(outline.given) if _draws_styles(outline.given) else 1)
                if written > MAX_WRITTEN:
                    raise InvalidPrompt(
                        "Written out, the prompts of this command have more than {limit:,} characters. "
                        "Please shorten the text, or take out some of the choices in braces.",
                        limit=MAX_WRITTEN,
                    )
                yield outline

    def build(self, outline: Split, repeats: int) -> Iterator[ParsedPrompt]:
        """Each repeat has a seed of its own, and a style of its own where chance chooses it."""
        first = self._build(outline)
        yield first
        is_seeded = any(one.name == "seed" for one in outline.given)
        for _ in range(repeats - 1):
            if _draws_styles(outline.given):
                yield self._build(outline)
            elif is_seeded:
                yield first
            else:
                yield replace(first, params=replace(first.params, seed=self._draw()))

    def _build(self, outline: Split) -> ParsedPrompt:
        version = _version_of(outline.given)
        given, readings = self._read_all(outline.given, version)
        links = list(find_links(outline.body))
        text = remove_links(outline.body, links)
        parts = split_parts(text)
        check_weights(text, parts, version)
        params = self._compose(version, parts, links, readings)
        check_together(params, given, self.rules)
        self.notices += _remarks(params, given)
        echo = write_echo(outline.body, links, _in_order(given, readings, params))
        if len(echo) > MAX_PROMPT:
            raise PromptTooLong(len(echo), MAX_PROMPT)
        return ParsedPrompt(params, echo)

    def _write_out(self, raw: str) -> str:
        return expand_options(prepare(raw, self.preferences.options), self.preferences.options)

    def _read_all(self, given: Iterable[Given], version: str) -> tuple[list[Given], list[Reading]]:
        """Typed parameters must fit; stored ones that do not are left out, and the member is told."""
        kept, readings = [], []
        for one in given:
            try:
                check_version(one.parameter, version)
                reading = read(one, version, self._personal)
            except (InvalidParameter, NotEnoughRatings):
                if not one.origin:
                    raise
                self.notices.append(_misfit(one, version))
                continue
            kept.append(one)
            readings.append(reading)
            self.notices += [reading.notice] if reading.notice else []
        return kept, readings

    def _compose(
        self, version: str, parts: tuple[PromptPart, ...], links: list[FoundLink], readings: list[Reading]
    ) -> GenerationParams:
        values: dict[str, Any] = {}
        for reading in readings:
            values |= reading.values
        negatives = [values.pop("negative", ""), *(part.text for part in parts if part.weight < 0)]
        seed = values.pop("seed", None)
        return GenerationParams(
            text=", ".join(part.text for part in parts if part.weight > 0),
            seed=self._draw() if seed is None else seed,
            negative=", ".join(negative for negative in negatives if negative),
            model=find_model(OMNI_VERSION if "omni_reference" in values else version, self.rules.models),
            version=version,
            parts=parts if len(parts) > 1 or any(part.weight != 1 for part in parts) else (),
            images=tuple(link.image for link in links),
            **values,
        )


def _misfit(one: Given, version: str) -> Said:
    if one.origin == "suffix":
        what = Said("`--{name}` of your suffix", name=one.typed)
    else:
        what = Said("`--{name}` of your settings", name=one.typed)
    if not version:
        return Said("{what} does not fit and was left out.", what=what)
    return Said("{what} does not fit with `{version}` and was left out.", what=what, version=name_version(version))


def _version_of(given: Iterable[Given]) -> str:
    return next((read_version_key(one) for one in given if one.group == "version"), ANY)


def _repeats(given: Iterable[Given]) -> int:
    """How many jobs the prompt makes. A value that is no number is refused where all values are read."""
    words = next((narrow(one.words[0]) for one in given if one.name == "repeat"), "1")
    return max(1, int(words)) if words.isascii() and words.isdigit() and len(words) < 9 else 1


def _draws_styles(given: Iterable[Given]) -> bool:
    return any(one.name == "sref" and "random" in one.words for one in given)


def _in_order(given: Iterable[Given], readings: Iterable[Reading], params: GenerationParams) -> Iterator[str]:
    """As typed, additions at the end. A video names its shape last, whether or not it was given."""
    for one, reading in zip(given, readings, strict=True):
        if reading.echo and not (params.video and one.name == "ar"):
            yield reading.echo
    if params.video:
        yield f"--aspect {params.aspect[0]}:{params.aspect[1]}"


def _remarks(params: GenerationParams, given: Iterable[Given]) -> Iterator[str]:
    names = {one.name for one in given}
    if "iw" in names and not params.images:
        yield Said("`--iw` has no picture to weigh here.")
    if "repeat" in names and "seed" in names:
        yield Said("With `--seed` every repeat starts from the same noise; leave it out to get different pictures.")
    if params.omni_reference and params.version not in (ANY, OMNI_VERSION):
        yield Said("`--oref` belongs to version {version}; the job is drawn as `--v {version}`.", version=OMNI_VERSION)
