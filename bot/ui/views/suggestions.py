"""The buttons under numbered prompts, with the ids that existing clients press and fill. They hold no prompt."""

import re
from dataclasses import dataclass
from enum import Enum, auto

import discord

from bot.domain.suggestions import KEYCAPS
from bot.ui.views.form import text_form
from bot.ui.views.job_actions import AGAIN, written
from bot.words import say

DESCRIBED_FIELD = "MJ::Picreader::Modal::PromptField"
IMAGINE_FIELD = "MJ::ImagineModal::new_prompt"
FIELDS = (DESCRIBED_FIELD, IMAGINE_FIELD)

_BUTTON = re.compile(r"MJ::Job::(?P<kind>PicReader|PromptAnalyzer)::(?P<number>[1-5])")
_FORM = re.compile(r"MJ::(?:Picreader::Modal::[1-5]|ImagineModal::[0-9]{1,20})")


class Deed(Enum):
    FILL_DESCRIBED = auto()
    FILL_SHORTENED = auto()
    IMAGINE_ALL = auto()
    DESCRIBE_AGAIN = auto()
    SHOW_DETAILS = auto()


@dataclass(frozen=True, slots=True)
class SuggestionButton:
    """`number` counts the message's prompts from 1."""

    deed: Deed
    number: int = 0


_PLAIN = {
    "MJ::Job::PicReader::all": Deed.IMAGINE_ALL,
    "MJ::Picread::Retry": Deed.DESCRIBE_AGAIN,
    "MJ::Job::PromptAnalyzerExtended": Deed.SHOW_DETAILS,
}


def parse_suggestion_button(custom_id: str) -> SuggestionButton | None:
    if custom_id in _PLAIN:
        return SuggestionButton(_PLAIN[custom_id])
    if found := _BUTTON.fullmatch(custom_id):
        deed = Deed.FILL_DESCRIBED if found["kind"] == "PicReader" else Deed.FILL_SHORTENED
        return SuggestionButton(deed, int(found["number"]))
    return None


def is_prompt_form(custom_id: str) -> bool:
    return _FORM.fullmatch(custom_id) is not None


def described_actions(count: int) -> discord.ui.View:
    retry = _button("MJ::Picread::Retry", emoji=AGAIN)
    every = _button("MJ::Job::PicReader::all", "Imagine all", emoji="🎉", row=1)
    return written([*_numbers("PicReader", count), retry, every])


def shortened_actions(count: int) -> discord.ui.View:
    details = _button("MJ::Job::PromptAnalyzerExtended", "Show Details", row=1)
    return written([*_numbers("PromptAnalyzer", count), details])


def described_form(number: int, prompt: str) -> discord.ui.Modal:
    return text_form(
        title=say("Imagine this!"), custom_id=f"MJ::Picreader::Modal::{number}", field_id=DESCRIBED_FIELD, text=prompt
    )


def imagine_form(message_id: int, prompt: str) -> discord.ui.Modal:
    return text_form(
        title=say("Imagine this!"), custom_id=f"MJ::ImagineModal::{message_id}", field_id=IMAGINE_FIELD, text=prompt
    )


def _numbers(kind: str, count: int) -> list[discord.ui.Button[discord.ui.View]]:
    return [_button(f"MJ::Job::{kind}::{n + 1}", emoji=keycap) for n, keycap in enumerate(KEYCAPS[:count])]


def _button(
    custom_id: str, label: str | None = None, *, emoji: str | None = None, row: int = 0
) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(label=label, custom_id=custom_id, emoji=emoji, row=row)
