"""Where a filled form goes, decided by its custom id alone, so that a form outlives a restart."""

from bot.ui.answering import Interaction
from bot.ui.batch_presses import submit_batch_form
from bot.ui.errors import UnknownButton
from bot.ui.suggestion_presses import submit_prompt_form
from bot.ui.views.batch import parse_batch_form
from bot.ui.views.form import read_fields
from bot.ui.views.suggestions import is_prompt_form
from bot.usecases.studio import Studio


async def submit_form(interaction: Interaction, custom_id: str, *, studio: Studio) -> None:
    """Raises a `StudioError` for the member; `UnknownButton` when the id is not one of ours."""
    if batch_id := parse_batch_form(custom_id):
        await submit_batch_form(interaction, batch_id, read_fields(interaction), studio=studio)
    elif is_prompt_form(custom_id):
        await submit_prompt_form(interaction, read_fields(interaction), studio=studio)
    else:
        raise UnknownButton
