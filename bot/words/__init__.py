"""Our own texts in the language of whoever reads them. What programs parse, such as titles and labels of jobs, is never
said through here.

Who answers somebody calls `speak` or `speaking` with their Discord locale first; from there on `say` and `spoken` are
in that language, down to the end of the task. English is said where a language lacks a text, and to all others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bot.domain.said import Said
from bot.words.language import ENGLISH, Language, find_language

_spoken: ContextVar[Language] = ContextVar("spoken", default=ENGLISH)


def speak(locale: str) -> None:
    """From now on, in this task and those that it starts. Each interaction has a task of its own."""
    _spoken.set(find_language(locale))


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    before = _spoken.set(find_language(locale))
    try:
        yield
    finally:
        _spoken.reset(before)


def language_code() -> str:
    """Of the language that is spoken now, as HTML names it."""
    return _spoken.get().code


def spoken(text: str) -> str:
    """A text of ours that was written elsewhere; any other comes back as it is."""
    return _spoken.get().say(text)


def say(pattern: str, /, **values: object) -> str:
    return spoken(Said(pattern, **values))


def say_counted(one: str, many: str, /, *, count: int, **values: object) -> str:
    """`one` where `count` is 1. Other languages have as many forms as they need."""
    return spoken(Said.counted(one, many, count=count, **values))
