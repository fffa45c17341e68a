"""A press that asks for words first: remembers which button it was, for the ids of forms do not always tell."""

from dataclasses import dataclass

from bot.domain.buttons import Action, Button
from bot.domain.errors import JobGone
from bot.domain.form_ids import REMIXED, button_of, is_imagine_form, job_of
from bot.domain.job import MessageRef, UserId
from bot.domain.place import Place
from bot.domain.prompt.aspect import find_aspect
from bot.usecases.settings import settings_of
from bot.usecases.studio import Studio

PRESSED_KEY = "pressed"


@dataclass(frozen=True, slots=True)
class OpenedForm:
    """`prompt` is what stands in it at first."""

    prompt: str


async def open_form(button: Button, place: Place, *, studio: Studio) -> OpenedForm | None:
    """None when the press needs no words: remix is off. Raises `JobGone`."""
    if button.action is not Action.CUSTOM_ZOOM and button.action not in REMIXED:
        return None
    async with studio.db.reading() as tx:
        settings = await settings_of(place.user_id, tx)
        if button.action is not Action.CUSTOM_ZOOM and not settings.is_remix:
            return None
        job = await tx.jobs.get(button.job_id)
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, studio.now())
        await tx.users.set_preference(place.user_id, PRESSED_KEY, button.custom_id)
    if button.action is not Action.CUSTOM_ZOOM:
        return OpenedForm(job.prompt)
    shape = "" if find_aspect(job.prompt) else f" --ar {job.params.aspect[0]}:{job.params.aspect[1]}"
    return OpenedForm(f"{job.prompt}{shape} --zoom 2")


async def find_press(form_id: str, user_id: UserId, message: MessageRef, *, studio: Studio) -> Button | None:
    """The press under `message` that a filled form completes; None when the form is not about one. Raises `JobGone`."""
    job_id = job_of(form_id)
    async with studio.db.reading() as tx:
        if job_id is None:
            shown = await tx.jobs.find_by_message(message) if is_imagine_form(form_id) else None
            return Button(Action.REROLL, shown.id) if shown else None
        job = await tx.jobs.find(job_id)
        pressed = await tx.users.find_preference(user_id, PRESSED_KEY) or ""
    if job is None:
        raise JobGone
    return button_of(form_id, pressed, is_grid=job.is_grid)
