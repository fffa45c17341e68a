"""What members set once for all that they ask: read with each request, changed one at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.job import UserId
from bot.domain.place import Place
from bot.domain.prompt import GenerationParams
from bot.domain.prompt.looks import LOOKS, Look
from bot.domain.prompt.versions import EVERY, find_model
from bot.domain.settings import SETTINGS_KEY, MemberSettings, check_settings, dump_settings, load_settings
from bot.usecases.drawing import choose_model
from bot.usecases.personal import require_style
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio
from engine.protocol import ModelInfo

Change = Callable[[MemberSettings], MemberSettings]


async def settings_of(user_id: UserId, tx: Transaction) -> MemberSettings:
    return load_settings(await tx.users.find_preference(user_id, SETTINGS_KEY))


async def read_settings(user_id: UserId, *, studio: Studio) -> MemberSettings:
    async with studio.db.reading() as tx:
        return await settings_of(user_id, tx)


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Settings beside what may be chosen: which model draws each version, and the looks that the present one reads."""

    settings: MemberSettings
    models: Mapping[str, str]
    looks: tuple[Look, ...]


def open_page(settings: MemberSettings, *, studio: Studio) -> SettingsPage:
    models = {version: _model_of(version, studio) for version in sorted(EVERY)}
    words = frozenset(models[settings.version].vocabulary)
    looks = tuple(look for look in LOOKS.values() if not words or words.issuperset(look.words.split()))
    return SettingsPage(settings, {version: model.name for version, model in models.items()}, looks)


def _model_of(version: str, studio: Studio) -> ModelInfo:
    model = find_model(version, studio.versions)
    return choose_model(GenerationParams("", seed=0, model=model), studio)


async def change_settings(place: Place, change: Change, *, studio: Studio) -> MemberSettings:
    """Stored at once; several changes at the same time take turns. Raises what `change` raises, and `NotInPlan`."""
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, studio.now())
        before = await settings_of(place.user_id, tx)
        after = change(before)
        if plan := (await studio.standing_of(place, tx)).plan:
            check_settings(before, after, plan)
        if after.is_personal and not before.is_personal:
            await require_style(place.user_id, tx, studio=studio)
        await keep_settings(place.user_id, before, after, tx)
    return after


async def keep_settings(user_id: UserId, before: MemberSettings, after: MemberSettings, tx: Transaction) -> None:
    """For a member whose row is locked."""
    if after != before:
        await tx.users.set_preference(user_id, SETTINGS_KEY, dump_settings(after))
