"""A press in `/settings`: the change is stored at once, and the same message shows what holds now."""

from bot.domain.settings import MemberSettings
from bot.domain.settings_buttons import press_setting
from bot.ui.answering import Interaction, in_time, place_of
from bot.ui.errors import UnknownButton
from bot.ui.render_settings import settings_content
from bot.ui.views.settings import settings_actions
from bot.usecases.settings import change_settings, open_page
from bot.usecases.studio import Studio


async def press_settings(interaction: Interaction, custom_id: str, *, studio: Studio) -> None:
    chosen = _chosen(interaction)

    def change(settings: MemberSettings) -> MemberSettings:
        changed = press_setting(settings, custom_id, chosen)
        if changed is None:
            raise UnknownButton
        return changed

    work = change_settings(place_of(interaction), change, studio=studio)
    settings = await in_time(interaction, work, thinking=False)
    content, view = settings_content(settings), settings_actions(open_page(settings, studio=studio))
    if interaction.response.is_done():
        await interaction.edit_original_response(content=content, view=view)
    else:
        await interaction.response.edit_message(content=content, view=view)


def _chosen(interaction: Interaction) -> str:
    """The value chosen in a menu; empty for a button."""
    values = interaction.data.get("values") if interaction.data else None
    return str(values[0]) if isinstance(values, list) and values else ""
