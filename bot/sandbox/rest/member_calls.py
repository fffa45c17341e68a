"""What a program acting as a member needs beside messages: the command index, its interactions, and upload slots."""

from dataclasses import replace

from bot.sandbox import errors
from bot.sandbox.cdn import Cdn
from bot.sandbox.channel import Channel
from bot.sandbox.command import Command
from bot.sandbox.command_rules import check_call, find_leaf
from bot.sandbox.installation import find_leave
from bot.sandbox.interaction import InteractionType
from bot.sandbox.interaction_desk import InteractionDesk, Opening
from bot.sandbox.message import Attachment, Message
from bot.sandbox.modal_form import submitted_components
from bot.sandbox.permission import Permission
from bot.sandbox.resolver import Resolved, Resolver
from bot.sandbox.rest.endpoint import Call, Route
from bot.sandbox.wire import Json, Reply
from bot.sandbox.world import World


class MemberRoutes:
    def __init__(self, world: World, cdn: Cdn, desk: InteractionDesk, resolver: Resolver) -> None:
        self._world = world
        self._cdn = cdn
        self._desk = desk
        self._resolver = resolver

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/guilds/{place_id}/application-command-index", self._command_index),
            Route("GET", "/channels/{place_id}/application-command-index", self._command_index),
            Route("GET", "/users/@me/application-command-index", self._command_index),
            Route("POST", "/interactions", self._interact),
            Route("POST", "/channels/{channel_id}/attachments", self._open_slots),
        ]

    async def _command_index(self, call: Call) -> Reply:
        """Some clients put a direct channel's id where the guild's belongs."""
        place_id = call.params.get("place_id", "")
        guild_id = place_id if place_id in self._world.guilds else None
        if place_id in self._world.channels:
            guild_id = self._world.channels[place_id].guild_id
        user = call.who.user
        leave = find_leave(self._world, guild_id, self._world.channels.get(place_id), user.id)
        commands = [command for command in self._world.commands.list_known(guild_id) if leave.allows(command)]
        usable = [command for command in commands if self._may_use(command, user.id, guild_id)]
        application = self._world.application.payload() | {"bot": self._world.bot.payload()}
        return Reply(
            200,
            {
                "applications": [application],
                "application_commands": [command.payload() for command in usable],
                "version": self._world.snowflakes.next(),
            },
        )

    async def _open_slots(self, call: Call) -> Reply:
        channel = self._channel(call.params["channel_id"], call, Permission.ATTACH_FILES)
        slots: list[Json] = []
        for item in call.payload.get("files") or []:
            if int(item.get("file_size") or 0) > self._world.attachment_size_limit:
                raise errors.too_large()
            slot = self._cdn.open_slot(str(item["filename"]))
            slots.append(
                {
                    "id": item.get("id"),
                    "upload_url": f"{self._cdn.base_url}/upload/{channel.id}/{slot.id}",
                    "upload_filename": f"{slot.id}/{slot.filename}",
                }
            )
        return Reply(200, {"attachments": slots})

    async def _interact(self, call: Call) -> Reply:
        """204 first; the bot and the caller hear of it only afterwards."""
        payload = call.payload
        channel = self._channel(str(payload.get("channel_id")), call, Permission.USE_APPLICATION_COMMANDS)
        if str(payload.get("application_id")) != self._world.application.id:
            raise errors.unknown_application()
        opening = self._opening(channel, call, payload)
        interaction = self._desk.open(opening)
        return Reply(204, after=lambda: self._desk.hand_over(interaction))

    def _opening(self, channel: Channel, call: Call, payload: Json) -> Opening:
        nonce = str(payload["nonce"]) if payload.get("nonce") is not None else None
        blank = Opening(InteractionType.COMMAND, channel, call.who.user.id, nonce, {})
        data = payload.get("data") or {}
        match payload.get("type"):
            case InteractionType.COMMAND | InteractionType.AUTOCOMPLETE as kind:
                return self._command_opening(replace(blank, type=InteractionType(kind)), data, call)
            case InteractionType.COMPONENT:
                return self._component_opening(blank, data, payload)
            case InteractionType.MODAL:
                return self._modal_opening(blank, data)
            case _:
                raise errors.bad_field(("type",), "BASE_TYPE_CHOICES", "Value must be one of (2, 3, 4, 5).")

    def _command_opening(self, blank: Opening, data: Json, call: Call) -> Opening:
        command = self._world.commands.get(str(data.get("id")))
        if not command.takes_any_version and str(data.get("version", command.version)) != command.version:
            raise errors.bad_field(
                ("data",), "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION", "This command is outdated"
            )
        if command not in self._world.commands.list_known(blank.channel.guild_id):
            raise errors.unknown_command()
        leave = find_leave(self._world, blank.channel.guild_id, blank.channel, blank.user_id)
        if not leave.allows(command):
            raise errors.unknown_integration() if leave.is_guest else errors.unknown_command()
        if not self._may_use(command, blank.user_id, blank.channel.guild_id):
            raise errors.missing_permissions()
        name, defined, given = find_leaf(command.definition, list(data.get("options") or []))
        check_call(defined, given, is_complete=blank.type is InteractionType.COMMAND)
        sent = self._command_data(command, data, blank, self._resolver.take_uploads(data, call.files))
        return replace(blank, data=sent, name=name, command_type=command.type, owners=leave.owners(command))

    def _command_data(self, command: Command, data: Json, blank: Opening, uploads: dict[str, Attachment]) -> Json:
        """The call as the bot gets it: known fields only, and what its ids stand for."""
        resolved: Resolved = {}
        sent: Json = {"id": command.id, "name": command.name, "type": command.type}
        options = list(data.get("options") or [])
        if options:
            resolve = self._resolver.resolve_option
            sent["options"] = [resolve(item, resolved, uploads, blank.channel) for item in options]
        if command.guild_id:
            sent["guild_id"] = command.guild_id
        if command.type != 1:
            sent["target_id"] = str(data.get("target_id"))
            self._resolver.resolve_target(command, sent["target_id"], resolved, blank.user_id, blank.channel)
        return sent | ({"resolved": resolved} if resolved else {})

    def _component_opening(self, blank: Opening, data: Json, payload: Json) -> Opening:
        message = self._world.find_message(str(payload.get("message_id")), blank.user_id)
        if message is None or message.channel_id != blank.channel.id:
            raise errors.unknown_message()
        component = message.find_component(str(data.get("custom_id")))
        if component is None or component.get("disabled"):
            raise errors.bad_field(("data", "custom_id"), "COMPONENT_VALIDATION_FAILED", "Component validation failed")
        sent: Json = {
            "custom_id": component["custom_id"],
            "component_type": component["type"],
            "id": component["id"],
        }
        if component["type"] != 2:
            sent["values"] = _chosen(component, data)
            resolved = self._resolver.resolve_chosen(component, sent["values"], blank.channel)
            sent |= {"resolved": resolved} if resolved else {}
        owners = self._owners_of(message, blank)
        return replace(blank, type=InteractionType.COMPONENT, data=sent, source_message_id=message.id, owners=owners)

    def _modal_opening(self, blank: Opening, data: Json) -> Opening:
        """`data.id` is the id of the interaction that opened the form."""
        modal = self._world.modals.get(str(data.get("id")))
        owner = self._world.interactions.get(modal.interaction_id) if modal else None
        if modal is None or owner is None or owner.user_id != blank.user_id:
            raise errors.unknown_interaction()
        sent: Json = {
            "custom_id": str(data.get("custom_id") or modal.custom_id),
            "components": submitted_components(modal, list(data.get("components") or [])),
        }
        del self._world.modals[modal.interaction_id]
        return replace(
            blank,
            type=InteractionType.MODAL,
            data=sent,
            source_message_id=modal.source_message_id,
            opener_metadata=modal.opener_metadata,
            owners=modal.opener_metadata["authorizing_integration_owners"],
        )

    def _owners_of(self, message: Message, blank: Opening) -> Json:
        """A button acts by the leave that its message came by."""
        metadata = message.interaction_metadata or {}
        leave = find_leave(self._world, blank.channel.guild_id, blank.channel, blank.user_id)
        return dict(metadata.get("authorizing_integration_owners") or leave.owners(None))

    def _may_use(self, command: Command, user_id: str, guild_id: str | None) -> bool:
        needed = command.definition.get("default_member_permissions")
        if guild_id is None or needed is None:
            return True
        granted = int(self._world.guilds[guild_id].base_permissions(user_id))
        is_admin = bool(granted & Permission.ADMINISTRATOR)
        return is_admin or (int(needed) != 0 and granted & int(needed) == int(needed))

    def _channel(self, channel_id: str, call: Call, needed: Permission) -> Channel:
        user = call.who.user
        channel = self._world.get_channel(channel_id)
        self._world.require(user.id, channel, needed)
        return channel


def _chosen(component: Json, data: Json) -> list[str]:
    values = [str(value) for value in data.get("values") or []]
    least, most = int(component.get("min_values", 1)), int(component.get("max_values", 1))
    known = {str(option["value"]) for option in component.get("options") or []}
    is_known = component["type"] != 3 or set(values) <= known
    if not least <= len(values) <= most or not is_known:
        raise errors.bad_field(("data", "values"), "COMPONENT_VALIDATION_FAILED", "Component validation failed")
    return values
