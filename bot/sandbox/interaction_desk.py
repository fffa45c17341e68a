"""Interactions from the click to the end of their token: the desk hands them to the bot, keeps the time, takes answers.

Routes parse and check requests; the desk changes the world and tells both sides."""

import secrets
from dataclasses import dataclass, field

from bot.sandbox import errors
from bot.sandbox.announce import Announcer
from bot.sandbox.channel import Channel
from bot.sandbox.installation import FOLLOW_UPS_OF_GUESTS, find_leave
from bot.sandbox.interaction import (
    CallbackType,
    Interaction,
    InteractionType,
    Modal,
)
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.message import Message, MessageFlag, MessageType, Reference
from bot.sandbox.permission import GUEST
from bot.sandbox.render import Renderer
from bot.sandbox.wire import Body, Json
from bot.sandbox.world import World


@dataclass(frozen=True)
class Opening:
    """What a member's request turned into, before the bot has heard of it."""

    type: InteractionType
    channel: Channel
    user_id: str
    nonce: str | None
    data: Json
    name: str = ""
    command_type: int = 1
    source_message_id: str | None = None
    opener_metadata: Json | None = None
    owners: Json = field(default_factory=dict)


class InteractionDesk:
    def __init__(self, world: World, mailbox: Mailbox, announcer: Announcer, renderer: Renderer) -> None:
        self._world = world
        self._mailbox = mailbox
        self._announcer = announcer
        self._renderer = renderer
        self._ids: dict[str, str] = {}

    def open(self, opening: Opening) -> Interaction:
        """Remember an interaction; `hand_over` sends it and lets its caller wait."""
        self._forget_expired()
        now = self._world.clock.now()
        interaction = Interaction(
            id=self._world.snowflakes.next(),
            token=secrets.token_urlsafe(48),
            type=opening.type,
            user_id=opening.user_id,
            channel_id=opening.channel.id,
            guild_id=opening.channel.guild_id,
            nonce=opening.nonce,
            created_at=now,
            late_at=now + self._world.config.first_response_seconds,
            data=opening.data,
            name=opening.name,
            command_type=opening.command_type,
            source_message_id=opening.source_message_id,
            opener_metadata=opening.opener_metadata,
            owners=opening.owners,
        )
        self._world.interactions[interaction.id] = interaction
        self._ids[interaction.token] = interaction.id
        return interaction

    def hand_over(self, interaction: Interaction) -> None:
        if interaction.type is not InteractionType.AUTOCOMPLETE:
            self._tell_caller(interaction, "INTERACTION_CREATE")
        interaction.deadline = self._world.clock.after(
            self._world.config.first_response_seconds, lambda: self._give_up(interaction)
        )
        self._announcer.tell_bot("INTERACTION_CREATE", self._render(interaction))

    def find_for_callback(self, interaction_id: str, token: str) -> Interaction:
        interaction = self._world.interactions.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise errors.unknown_interaction()
        if interaction.is_acknowledged:
            raise errors.already_acknowledged()
        if interaction.is_late(self._world.clock.now()):
            raise errors.unknown_interaction()
        return interaction

    def find_for_webhook(self, application_id: str, token: str) -> Interaction:
        """The acknowledged interaction behind a webhook token that is not older than 15 minutes."""
        if application_id != self._world.application.id:
            raise errors.unknown_webhook()
        found = self._world.interactions.get(self._ids.get(token, ""))
        if found is None or found.is_expired(self._world.clock.now()):
            raise errors.invalid_webhook_token()
        if not found.is_acknowledged:
            raise errors.unknown_webhook()
        return found

    def acknowledge(self, interaction: Interaction, kind: CallbackType) -> None:
        interaction.response_type = kind
        if interaction.deadline is not None:
            interaction.deadline.cancel()
        if interaction.type is not InteractionType.AUTOCOMPLETE:
            self._tell_caller(interaction, "INTERACTION_SUCCESS")

    def respond(self, interaction: Interaction, payload: Json, body: Body) -> Message:
        """The original response, with the caller's nonce on its creation."""
        message = self._new_message(interaction, payload, is_original=True)
        self.acknowledge(interaction, CallbackType.MESSAGE)
        return self._post(interaction, message, payload, body)

    def defer(self, interaction: Interaction, payload: Json) -> Message:
        """A loading message, filled in later."""
        message = self._new_message(interaction, payload, is_original=True)
        message.flags |= MessageFlag.LOADING
        self.acknowledge(interaction, CallbackType.DEFERRED_MESSAGE)
        return self._post(interaction, message, {}, Body())

    def follow_up(self, interaction: Interaction, payload: Json, body: Body) -> Message:
        """A further message; right after a deferral it fills the loading message instead, as Discord does."""
        original = self._world.messages.get(interaction.original_id or "")
        if original is not None and original.is_loading:
            return self._mailbox.edit(original, body, payload=payload)
        if interaction.is_guest and len(interaction.message_ids) > FOLLOW_UPS_OF_GUESTS:
            raise errors.too_many_follow_ups()
        message = self._new_message(interaction, payload, is_original=False)
        return self._post(interaction, message, payload, body)

    def open_modal(self, interaction: Interaction, data: Json) -> Modal:
        modal = Modal(
            interaction_id=interaction.id,
            custom_id=str(data["custom_id"]),
            title=str(data["title"]),
            components=list(data["components"]),
            source_message_id=interaction.source_message_id,
            opener_metadata=self._metadata(interaction),
        )
        self._world.modals[interaction.id] = modal
        self.acknowledge(interaction, CallbackType.MODAL)
        self._announcer.tell_user(
            interaction.user_id,
            "INTERACTION_MODAL_CREATE",
            {
                "id": interaction.id,
                "custom_id": modal.custom_id,
                "title": modal.title,
                "components": modal.components,
                "channel_id": interaction.channel_id,
                "application": self._world.application.payload(),
                "nonce": interaction.nonce,
            },
        )
        return modal

    def offer_choices(self, interaction: Interaction, choices: list[Json]) -> None:
        self.acknowledge(interaction, CallbackType.AUTOCOMPLETE)
        self._announcer.tell_user(
            interaction.user_id,
            "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE",
            {"choices": choices, "nonce": interaction.nonce},
        )

    def message_of(self, interaction: Interaction, message_id: str) -> Message:
        """`@original` or a follow-up of this very interaction."""
        wanted = interaction.original_id if message_id == "@original" else message_id
        if wanted not in (*interaction.message_ids, interaction.original_id):
            raise errors.unknown_message()
        message = self._world.messages.get(wanted or "")
        if message is None:
            raise errors.unknown_message()
        return message

    def _forget_expired(self) -> None:
        """Oldest first; to the bot a forgotten token and an expired one are the same."""
        now = self._world.clock.now()
        for interaction in list(self._world.interactions.values()):
            if not interaction.is_expired(now):
                return
            del self._world.interactions[interaction.id]
            self._ids.pop(interaction.token, None)
            self._world.modals.pop(interaction.id, None)

    def _give_up(self, interaction: Interaction) -> None:
        if not interaction.is_acknowledged:
            interaction.is_failed = True
            self._tell_caller(interaction, "INTERACTION_FAILURE")

    def _tell_caller(self, interaction: Interaction, name: str) -> None:
        data: Json = {"id": interaction.id}
        if interaction.nonce is not None:
            data["nonce"] = interaction.nonce
        self._announcer.tell_user(interaction.user_id, name, data)

    def _post(self, interaction: Interaction, message: Message, payload: Json, body: Body) -> Message:
        is_original = interaction.original_id == message.id
        interaction.message_ids.append(message.id)
        return self._mailbox.post(message, payload, body.files, interaction.nonce if is_original else None)

    def _new_message(self, interaction: Interaction, payload: Json, *, is_original: bool) -> Message:
        if interaction.channel_id not in self._world.channels:
            raise errors.unknown_channel()
        is_ephemeral = bool(int(payload.get("flags") or 0) & MessageFlag.EPHEMERAL)
        kind, reference = self._place(interaction, is_original=is_original)
        message = Message(
            id=self._world.snowflakes.next(),
            channel_id=interaction.channel_id,
            author_id=self._world.bot.id,
            created_at=self._world.clock.utcnow(),
            type=kind,
            flags=MessageFlag.EPHEMERAL if is_ephemeral else MessageFlag.NONE,
            reference=reference,
            application_id=self._world.application.id,
            interaction_metadata=self._metadata(interaction, None if is_original else interaction.original_id),
            visible_to=interaction.user_id if is_ephemeral else None,
        )
        if is_original:
            interaction.original_id = message.id
            message.interaction = self._legacy_interaction(interaction)
        return message

    def _place(self, interaction: Interaction, *, is_original: bool) -> tuple[MessageType, Reference | None]:
        """A follow-up replies to the original response; an answer to a component replies to its message."""
        target_id = interaction.source_message_id if is_original else interaction.original_id
        target = self._world.messages.get(target_id or "")
        if target is not None and not (target.is_ephemeral and not is_original):
            return MessageType.REPLY, Reference(target.channel_id, target.id, interaction.guild_id)
        if is_original and interaction.type is InteractionType.COMMAND:
            is_slash = interaction.command_type == 1
            return MessageType.CHAT_INPUT_COMMAND if is_slash else MessageType.CONTEXT_MENU_COMMAND, None
        return MessageType.DEFAULT, None

    def _legacy_interaction(self, interaction: Interaction) -> Json | None:
        """Only commands have it; third-party clients recognise their answers by it."""
        if interaction.type is not InteractionType.COMMAND:
            return None
        return {
            "id": interaction.id,
            "type": int(interaction.type),
            "name": interaction.name,
            "user": self._world.users[interaction.user_id].payload(),
        }

    def _metadata(self, interaction: Interaction, original_id: str | None = None) -> Json:
        metadata: Json = {
            "id": interaction.id,
            "type": int(interaction.type),
            "user": self._world.users[interaction.user_id].payload(),
            "authorizing_integration_owners": interaction.owners,
        }
        if interaction.type is InteractionType.COMMAND:
            metadata |= {"name": interaction.name, "command_type": interaction.command_type}
        if interaction.type is InteractionType.COMPONENT:
            metadata["interacted_message_id"] = interaction.source_message_id
        if interaction.type is InteractionType.MODAL:
            metadata["triggering_interaction_metadata"] = interaction.opener_metadata
        return metadata | ({"original_response_message_id": original_id} if original_id else {})

    def _render(self, interaction: Interaction) -> Json:
        """INTERACTION_CREATE as the bot reads it."""
        world = self._world
        channel = world.channels[interaction.channel_id]
        user = world.users[interaction.user_id]
        permissions = str(int(world.permissions(user.id, channel)))
        payload: Json = {
            "id": interaction.id,
            "application_id": world.application.id,
            "type": int(interaction.type),
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": channel.id,
            "channel": self._renderer.channel(channel, world.bot.id) | {"permissions": permissions},
            "locale": user.locale,
            "app_permissions": str(int(GUEST if interaction.is_guest else world.permissions(world.bot.id, channel))),
            "entitlements": [
                item
                for item in world.entitlements.values()
                if user.id == item.get("user_id") or item.get("guild_id", "") == channel.guild_id
            ],
            "authorizing_integration_owners": interaction.owners,
            "context": int(find_leave(world, channel.guild_id, channel, user.id).context),
            "attachment_size_limit": world.attachment_size_limit,
        }
        member = world.find_member(channel.guild_id, user.id)
        if channel.guild_id and member:
            payload["guild_id"] = channel.guild_id
            payload["guild_locale"] = "en-US"
            payload["guild"] = {"id": channel.guild_id, "locale": "en-US", "features": []}
            payload["member"] = member.payload() | {"permissions": permissions}
        else:
            payload["user"] = user.payload()
        source = world.messages.get(interaction.source_message_id or "")
        if source is not None and interaction.type in (InteractionType.COMPONENT, InteractionType.MODAL):
            payload["message"] = self._renderer.message(source, world.bot.id)
        return payload
