"""The form in which a prompt may be changed between a press and its job."""

import discord

from bot.domain.buttons import Action, Button
from bot.domain.form_ids import form_of
from bot.domain.said import Said
from bot.ui.views.form import text_form
from bot.words import spoken

ZOOM, AGAIN, REMIX = Said("Zoom Out"), Said("Imagine again"), Said("Remix prompt")
TITLES = {Action.CUSTOM_ZOOM: ZOOM, Action.ZOOM_OUT: ZOOM, Action.REROLL: AGAIN}


def press_form(button: Button, message_id: int, prompt: str) -> discord.ui.Modal:
    form_id, field_id = form_of(button, message_id)
    title = TITLES.get(button.action, REMIX)
    return text_form(title=spoken(title), custom_id=form_id, field_id=field_id, text=prompt)
