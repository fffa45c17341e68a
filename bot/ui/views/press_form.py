"""The form in which a prompt may be changed between a press and its job."""

import discord

from bot.domain.buttons import Action, Button
from bot.domain.form_ids import form_of
from bot.ui.views.form import text_form

TITLES = {Action.CUSTOM_ZOOM: "Zoom Out", Action.ZOOM_OUT: "Zoom Out", Action.REROLL: "Imagine again"}


def press_form(button: Button, message_id: int, prompt: str) -> discord.ui.Modal:
    form_id, field_id = form_of(button, message_id)
    return text_form(TITLES.get(button.action, "Remix prompt"), form_id, field_id, "Prompt", prompt)
