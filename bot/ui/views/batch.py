"""The question whether several jobs are to be drawn: its text, its buttons, and the form that changes the prompt."""

import re
from dataclasses import dataclass
from enum import StrEnum

import discord

from bot.domain.allowance import write_amount
from bot.domain.batch import BatchId, PendingBatch
from bot.domain.prices import Unit
from bot.domain.said import Said
from bot.ui.render import MESSAGE_LIMIT
from bot.ui.views.form import TEXT_LIMIT, text_form
from bot.ui.views.job_actions import written
from bot.usecases.submit_imagine import BatchQuestion
from bot.words import say, spoken

FIELD = "EASEL::batch::prompt"
SHOWN_PROMPTS = 10
SHOWN_CHARACTERS = 120

_ID = r"(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_BUTTON = re.compile(rf"EASEL::batch::(?P<answer>yes|edit|no)::{_ID}")
_FORM = re.compile(rf"EASEL::batch::form::{_ID}")


class Answer(StrEnum):
    YES = "yes"
    EDIT = "edit"
    NO = "no"


@dataclass(frozen=True, slots=True)
class BatchButton:
    answer: Answer
    batch_id: BatchId

    @property
    def custom_id(self) -> str:
        return f"EASEL::batch::{self.answer}::{self.batch_id}"


def parse_batch_button(custom_id: str) -> BatchButton | None:
    found = _BUTTON.fullmatch(custom_id)
    return BatchButton(Answer(found["answer"]), BatchId(found["id"])) if found else None


def parse_batch_form(custom_id: str) -> BatchId | None:
    found = _FORM.fullmatch(custom_id)
    return BatchId(found["id"]) if found else None


def batch_content(question: BatchQuestion) -> str:
    count, shown = len(question.prompts), question.prompts[:SHOWN_PROMPTS]
    lines = [say("This makes **{count} jobs**. Draw them all?", count=count), *(f"> {_short(each)}" for each in shown)]
    if left := count - len(shown):
        lines.append("> " + say("and {count} more", count=left))
    if question.price is not None:
        lines.append(say("Together they take {price}.", price=_price(question.price, question.unit)))
    return "\n".join([*lines, *(f"-# {spoken(notice)}" for notice in question.notices)])[:MESSAGE_LIMIT]


def batch_actions(question: BatchQuestion) -> discord.ui.View:
    batch, count = question.batch, len(question.prompts)
    buttons = [_button(Answer.YES, batch, say("Draw {count}", count=count), "✅", discord.ButtonStyle.success)]
    if len(batch.prompt) <= TEXT_LIMIT:
        buttons.append(_button(Answer.EDIT, batch, say("Edit"), "📝", discord.ButtonStyle.secondary))
    return written([*buttons, _button(Answer.NO, batch, say("Cancel"), "❌", discord.ButtonStyle.danger)])


def batch_form(batch: PendingBatch) -> discord.ui.Modal:
    return text_form(
        title=say("Edit the prompt"),
        custom_id=f"EASEL::batch::form::{batch.id}",
        field_id=FIELD,
        text=batch.prompt,
    )


def _button(
    answer: Answer, batch: PendingBatch, label: str, emoji: str, style: discord.ButtonStyle
) -> discord.ui.Button[discord.ui.View]:
    custom_id = BatchButton(answer, batch.id).custom_id
    return discord.ui.Button(style=style, label=label, emoji=emoji, custom_id=custom_id)


def _price(price: int, unit: Unit) -> Said:
    if unit is Unit.CREDITS:
        return write_amount(price, unit)
    return Said("about {minutes:.1f} minutes of fast time", minutes=price / 60)


def _short(prompt: str) -> str:
    line = discord.utils.escape_markdown(prompt)
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1].rstrip("\\ ") + "…"
