"""The bot's side of interactions: the one callback, and the webhook messages that follow it."""

from typing import Any

from bot.sandbox import errors
from bot.sandbox.component_rules import check_modal
from bot.sandbox.interaction import CallbackType, Interaction, InteractionType
from bot.sandbox.interaction_desk import InteractionDesk
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.message import Message
from bot.sandbox.message_rules import check_message
from bot.sandbox.render import Renderer
from bot.sandbox.rest.endpoint import Call, Route
from bot.sandbox.wire import NO_CONTENT, Json, Reply
from bot.sandbox.world import World

MAX_CHOICES = 25
MESSAGE_CALLBACKS = (CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE)
UPDATE_CALLBACKS = (CallbackType.UPDATE, CallbackType.DEFERRED_UPDATE)
ALLOWED = {
    InteractionType.COMMAND: (*MESSAGE_CALLBACKS, CallbackType.MODAL),
    InteractionType.COMPONENT: (*MESSAGE_CALLBACKS, *UPDATE_CALLBACKS, CallbackType.MODAL),
    InteractionType.AUTOCOMPLETE: (CallbackType.AUTOCOMPLETE,),
    InteractionType.MODAL: (*MESSAGE_CALLBACKS, *UPDATE_CALLBACKS),
}


class CallbackRoutes:
    def __init__(self, world: World, desk: InteractionDesk, mailbox: Mailbox, renderer: Renderer) -> None:
        self._world = world
        self._desk = desk
        self._mailbox = mailbox
        self._renderer = renderer

    def routes(self) -> list[Route]:
        webhook = "/webhooks/{application_id}/{token}"
        return [
            Route("POST", "/interactions/{interaction_id}/{token}/callback", self._callback),
            Route("POST", webhook, self._follow_up),
            Route("GET", f"{webhook}/messages/{{message_id}}", self._get),
            Route("PATCH", f"{webhook}/messages/{{message_id}}", self._edit),
            Route("DELETE", f"{webhook}/messages/{{message_id}}", self._delete),
        ]

    async def _callback(self, call: Call) -> Reply:
        interaction = self._desk.find_for_callback(call.params["interaction_id"], call.params["token"])
        kind = _callback_type(call.payload, interaction)
        data = call.payload.get("data")
        if data is None and kind in (CallbackType.MESSAGE, CallbackType.MODAL, CallbackType.AUTOCOMPLETE):
            raise errors.bad_field(("data",), "BASE_TYPE_REQUIRED", "This field is required")
        self._mailbox.check_files(call.files)
        message = self._perform(interaction, kind, data or {}, call)
        if not call.wants("with_response"):
            return NO_CONTENT
        return Reply(200, self._describe(interaction, kind, message))

    def _perform(self, interaction: Interaction, kind: CallbackType, data: Json, call: Call) -> Message | None:
        desk = self._desk
        match kind:
            case CallbackType.MESSAGE:
                check_message(data, call.files, at=("data",))
                return desk.respond(interaction, data, call.body)
            case CallbackType.DEFERRED_MESSAGE:
                return desk.defer(interaction, data)
            case CallbackType.UPDATE:
                message = self._source(interaction)
                check_message(data, call.files, previous=message, at=("data",))
                desk.acknowledge(interaction, kind)
                interaction.original_id = message.id
                return self._mailbox.edit(message, call.body, payload=data)
            case CallbackType.DEFERRED_UPDATE:
                message = self._source(interaction)
                interaction.original_id = message.id
                desk.acknowledge(interaction, kind)
                return message
            case CallbackType.AUTOCOMPLETE:
                _check_choices(data.get("choices"))
                desk.offer_choices(interaction, list(data.get("choices") or []))
            case CallbackType.MODAL:
                form = errors.FormErrors()
                check_modal(form, ("data",), data)
                form.raise_if_any()
                desk.open_modal(interaction, data)
            case CallbackType.PONG:
                raise errors.bad_field(("type",), "BASE_TYPE_CHOICES", "There was no ping.")
        return None

    async def _follow_up(self, call: Call) -> Reply:
        interaction = self._interaction(call)
        self._mailbox.check_files(call.files)
        check_message(call.payload, call.files)
        message = self._desk.follow_up(interaction, call.payload, call.body)
        return Reply(200, self._rendered(message))

    async def _get(self, call: Call) -> Reply:
        return Reply(200, self._rendered(self._message(call)))

    async def _edit(self, call: Call) -> Reply:
        return Reply(200, self._rendered(self._mailbox.edit(self._message(call), call.body)))

    async def _delete(self, call: Call) -> Reply:
        self._mailbox.delete(self._message(call))
        return NO_CONTENT

    def _interaction(self, call: Call) -> Interaction:
        return self._desk.find_for_webhook(call.params["application_id"], call.params["token"])

    def _message(self, call: Call) -> Message:
        return self._desk.message_of(self._interaction(call), call.params["message_id"])

    def _source(self, interaction: Interaction) -> Message:
        message = self._world.messages.get(interaction.source_message_id or "")
        if message is None:
            raise errors.unknown_message()
        return message

    def _rendered(self, message: Message) -> Json:
        return self._renderer.message(message, self._world.bot.id)

    def _describe(self, interaction: Interaction, kind: CallbackType, message: Message | None) -> Json:
        described: Json = {"id": interaction.id, "type": int(interaction.type)}
        if message is None:
            return {"interaction": described}
        described |= {
            "response_message_id": message.id,
            "response_message_loading": message.is_loading,
            "response_message_ephemeral": message.is_ephemeral,
        }
        # Discord describes a deferral as the message it made.
        shown = CallbackType.MESSAGE if kind in MESSAGE_CALLBACKS else CallbackType.UPDATE
        resource = {"type": int(shown), "message": self._rendered(message)}
        return {"interaction": described, "resource": resource}


def _check_choices(choices: Any) -> None:
    form = errors.FormErrors()
    if len(choices or []) > MAX_CHOICES:
        form.add(("data", "choices"), "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CHOICES} or fewer in length.")
    for index, choice in enumerate(choices or []):
        form.check_length(("data", "choices", index, "name"), choice.get("name"), 1, 100)
    form.raise_if_any()


def _callback_type(payload: Json, interaction: Interaction) -> CallbackType:
    number = payload.get("type")
    allowed = ALLOWED[interaction.type]
    if number not in tuple(int(kind) for kind in allowed):
        choices = tuple(int(kind) for kind in allowed)
        raise errors.bad_field(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")
    kind = CallbackType(number)
    if kind in UPDATE_CALLBACKS and interaction.source_message_id is None:
        raise errors.bad_field(("type",), "BASE_TYPE_CHOICES", "There is no message to update.")
    return kind
