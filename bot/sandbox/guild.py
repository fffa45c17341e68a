"""Users, the application, and the guild with its roles and members: their state and how Discord writes them."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.permission import ALL, Permission
from bot.sandbox.wire import Json


@dataclass
class User:
    id: str
    username: str
    global_name: str | None = None
    bot: bool = False
    has_open_dms: bool = True
    locale: str = "en-US"

    def payload(self) -> Json:
        return {
            "id": self.id,
            "username": self.username,
            "avatar": None,
            "discriminator": "0",
            "public_flags": 0,
            "flags": 0,
            "global_name": self.global_name,
            "primary_guild": None,
            "bot": self.bot,
        }


@dataclass
class Application:
    """The bot's application; its id is also the bot user's id."""

    id: str
    name: str
    owner: User
    flags: int = 0

    def payload(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "icon": None,
            "description": "A picture studio",
            "type": None,
            "verify_key": "0" * 64,
            "flags": self.flags,
            "flags_new": str(self.flags),
            "bot_public": True,
            "bot_require_code_grant": False,
        }

    def private_payload(self) -> Json:
        return {
            **self.payload(),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.owner.payload(),
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
        }


@dataclass
class Role:
    id: str
    name: str
    permissions: Permission
    position: int = 0
    managed_by: str | None = None

    def payload(self) -> Json:
        payload = {
            "id": self.id,
            "name": self.name,
            "permissions": str(int(self.permissions)),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": self.managed_by is not None,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        return payload | ({"tags": {"bot_id": self.managed_by}} if self.managed_by else {})


@dataclass
class GuildMember:
    user: User
    joined_at: datetime
    role_ids: list[str] = field(default_factory=list)

    def payload(self, *, with_user: bool = True) -> Json:
        payload: Json = {
            "avatar": None,
            "banner": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": self.joined_at.isoformat(),
            "nick": None,
            "pending": False,
            "premium_since": None,
            "roles": list(self.role_ids),
            "mute": False,
            "deaf": False,
        }
        return payload | ({"user": self.user.payload()} if with_user else {})


@dataclass
class Guild:
    id: str
    name: str
    owner_id: str
    created_at: datetime
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, GuildMember] = field(default_factory=dict)

    def base_permissions(self, user_id: str) -> Permission:
        """What the member may do before channels have their say: everyone's role (id = guild id) and their own."""
        member = self.members.get(user_id)
        if member is None:
            return Permission(0)
        if user_id == self.owner_id:
            return ALL
        permissions = self.roles[self.id].permissions
        for role_id in member.role_ids:
            permissions |= self.roles[role_id].permissions
        return permissions

    def payload(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "icon": None,
            "splash": None,
            "banner": None,
            "description": None,
            "discovery_splash": None,
            "home_header": None,
            "owner_id": self.owner_id,
            "application_id": None,
            "region": "us-west",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "default_message_notifications": 1,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "premium_progress_bar_enabled_user_updated_at": None,
            "nsfw": False,
            "nsfw_level": 0,
            "features": [],
            "roles": [role.payload() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "hub_type": None,
            "incidents_data": None,
        }
