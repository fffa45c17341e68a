"""What the ids in an interaction stand for: users, channels, roles, messages, files, as `resolved` carries them."""

from collections.abc import Mapping

from bot.sandbox import errors
from bot.sandbox.cdn import Cdn
from bot.sandbox.channel import Channel
from bot.sandbox.command import Command
from bot.sandbox.command_rules import OptionType
from bot.sandbox.message import Attachment
from bot.sandbox.render import Renderer, attachment_payload
from bot.sandbox.wire import Json, Upload
from bot.sandbox.world import World

Resolved = dict[str, dict[str, Json]]


class Resolver:
    def __init__(self, world: World, cdn: Cdn, renderer: Renderer) -> None:
        self._world = world
        self._cdn = cdn
        self._renderer = renderer

    def take_uploads(self, data: Json, files: Mapping[int, Upload]) -> dict[str, Attachment]:
        """The files that came with a command, by the number its options use for them."""
        found: dict[str, Attachment] = {}
        for item in data.get("attachments") or []:
            number = str(item.get("id"))
            upload = self._cdn.take_slot(str(item.get("uploaded_filename", "")))
            if upload is None and number.isdigit():
                upload = files.get(int(number))
            if upload is None:
                raise errors.bad_field(
                    ("data", "attachments"), "ATTACHMENT_NOT_FOUND", "Uploaded attachment not found."
                )
            if len(upload.content) > self._world.attachment_size_limit:
                raise errors.too_large()
            found[number] = self._cdn.store(upload, filename=item.get("filename"))
        return found

    def resolve_option(
        self, option: Json, resolved: Resolved, uploads: dict[str, Attachment], channel: Channel
    ) -> Json:
        """One option as the bot gets it, with what its ids stand for put into `resolved`."""
        if option.get("options") is not None:
            nested = [self.resolve_option(item, resolved, uploads, channel) for item in option["options"]]
            return {**option, "options": nested}
        value = str(option.get("value"))
        match option.get("type"):
            case OptionType.ATTACHMENT:
                return {**option, "value": self._resolve_upload(value, resolved, uploads, channel)}
            case OptionType.USER | OptionType.MENTIONABLE if value in self._world.users:
                self._resolve_user(value, resolved, channel)
            case OptionType.CHANNEL if value in self._world.channels:
                found = self._world.channels[value]
                resolved.setdefault("channels", {})[value] = found.payload() | {"permissions": "0"}
            case OptionType.ROLE if channel.guild_id:
                roles = self._world.guilds[channel.guild_id].roles
                if value in roles:
                    resolved.setdefault("roles", {})[value] = roles[value].payload()
            case _:
                pass
        return option

    def _resolve_upload(self, number: str, resolved: Resolved, uploads: dict[str, Attachment], channel: Channel) -> str:
        if number not in uploads:
            raise errors.bad_field(("data", "attachments"), "ATTACHMENT_NOT_FOUND", "Uploaded attachment not found.")
        attachment = uploads[number]
        url = self._cdn.address(attachment, channel.id, is_ephemeral=True)
        payload = attachment_payload(attachment, url) | {"ephemeral": True}
        resolved.setdefault("attachments", {})[attachment.id] = payload
        return attachment.id

    def _resolve_user(self, user_id: str, resolved: Resolved, channel: Channel) -> None:
        resolved.setdefault("users", {})[user_id] = self._world.users[user_id].payload()
        member = self._world.find_member(channel.guild_id, user_id)
        if member is not None:
            permissions = str(int(self._world.permissions(user_id, channel)))
            partial = member.payload(with_user=False) | {"permissions": permissions}
            resolved.setdefault("members", {})[user_id] = partial

    def resolve_target(
        self, command: Command, target_id: str, resolved: Resolved, user_id: str, channel: Channel
    ) -> None:
        if command.type == 2:
            self._world.get_user(target_id)
            self._resolve_user(target_id, resolved, channel)
            return
        message = self._world.find_message(target_id, user_id)
        if message is None or message.channel_id != channel.id:
            raise errors.unknown_message()
        resolved["messages"] = {message.id: self._renderer.message(message, self._world.bot.id)}

    def resolve_chosen(self, component: Json, values: list[str], channel: Channel) -> Resolved:
        resolved: Resolved = {}
        for value in values:
            if component["type"] in (5, 7) and value in self._world.users:
                self._resolve_user(value, resolved, channel)
            if component["type"] == 8 and value in self._world.channels:
                found = self._world.channels[value].payload() | {"permissions": "0"}
                resolved.setdefault("channels", {})[value] = found
        return resolved
