"""The languages that we speak, each a gettext catalogue beside this file, and how numbers are written in them."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from string import Formatter

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from bot.domain.said import Said

FOLDER = Path(__file__).parent
CODES = ("de", "fr", "es", "pt-BR", "ja", "ko", "zh-CN", "ru", "it")
"""Beside English, of which the texts in the code are made."""

NAME = "name"
"""The context of what a command is called, which is translated apart from what it does."""
_COMMAND = re.compile(r"(?<=`/)[a-z_]+")


@dataclass(frozen=True, slots=True)
class Language:
    """`catalogue` is None for English."""

    code: str
    catalogue: GNUTranslations | None = None

    def say(self, text: str) -> str:
        if self.catalogue is None or not text:
            return str(text)
        if not isinstance(text, Said):
            return self.catalogue.gettext(text)
        pattern = self._pattern(self.catalogue, text)
        return _Writer(self).vformat(pattern, (), text.values) if text.values else pattern

    def find_name(self, name: str) -> str | None:
        """What a command of this name is called, if it has a name of its own in this language."""
        return _find_name(self.catalogue, name) if self.catalogue else None

    def find(self, text: str) -> str | None:
        said = self.say(text)
        return said if said != text else None

    @staticmethod
    def _pattern(catalogue: GNUTranslations, text: Said) -> str:
        if text.many is None:
            return catalogue.gettext(text.pattern) if text.pattern else ""
        count = text.values["count"]
        return catalogue.ngettext(text.pattern, text.many, count if isinstance(count, int) else 2)


class _Writer(Formatter):
    """Puts values into a pattern: texts of ours in the same language, numbers as they are written there."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def format_field(self, value: object, format_spec: str) -> str:
        match value, format_spec:
            case Said(), "":
                return self._language.say(value)
            case int(), ",":
                return str(format_decimal(value, locale=_cldr(self._language.code)))
            case int() | float(), ".1f":
                return str(format_decimal(value, "#,##0.0", locale=_cldr(self._language.code)))
            case _:
                return format(value, format_spec)


ENGLISH = Language("en")


@cache
def open_language(code: str) -> Language:
    """One of `CODES`. Texts that name a command by `/` name it as it is called in that language."""
    catalogue = read_catalogue(code)
    names = _names(catalogue)
    for message in catalogue:
        if message.id and message.string:
            message.string = _renamed(message.string, names)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code, GNUTranslations(compiled))


def read_catalogue(code: str) -> Catalog:
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=_cldr(code))


def find_language(locale: str) -> Language:
    """By Discord's locale, such as `es-419`; English for those that we have no words in."""
    return open_language(code) if (code := find_code(locale)) else ENGLISH


def find_code(locale: str) -> str | None:
    """Regions share a language, except that Chinese is written in two ways."""
    if locale in CODES:
        return locale
    language = locale.partition("-")[0]
    return next((code for code in CODES if code.partition("-")[0] == language and language != "zh"), None)


def preferred_locale(accepted: str) -> str:
    """The first that we have words in, of what a browser sends as `Accept-Language`: the best comes first."""
    asked = [each.partition(";")[0].strip() for each in accepted.split(",")]
    return next((locale for locale in asked if locale.startswith("en") or find_code(locale)), "")


def _cldr(code: str) -> Locale:
    return Locale.parse(code, sep="-")


def _names(catalogue: Catalog) -> Mapping[str, str]:
    return {str(each.id): str(each.string) for each in catalogue if each.context == NAME and each.string}


def _find_name(catalogue: GNUTranslations, name: str) -> str | None:
    called = catalogue.pgettext(NAME, name)
    return called if called != name else None


def _renamed(string: str | list[str] | tuple[str, ...], names: Mapping[str, str]) -> str | tuple[str, ...]:
    if isinstance(string, str):
        return _COMMAND.sub(lambda found: names.get(found[0], found[0]), string)
    return tuple(str(_renamed(each, names)) for each in string)
