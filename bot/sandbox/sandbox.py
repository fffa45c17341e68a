"""The stand-in as one thing to start and stop: wires its parts together and offers tests their handles."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.sandbox.announce import Announcer
from bot.sandbox.cdn import Cdn
from bot.sandbox.channel import Channel
from bot.sandbox.clock import Clock
from bot.sandbox.config import SandboxConfig
from bot.sandbox.contract import Contract, Violation
from bot.sandbox.event_faults import EventFaults
from bot.sandbox.faults import Faults
from bot.sandbox.gateway import Gateway
from bot.sandbox.guild import Role, User
from bot.sandbox.interaction_desk import InteractionDesk
from bot.sandbox.limits import Limits
from bot.sandbox.mailbox import Mailbox
from bot.sandbox.member import Member
from bot.sandbox.message import Message, Ping
from bot.sandbox.permission import Overwrite, Permission
from bot.sandbox.render import Renderer
from bot.sandbox.resolver import Resolver
from bot.sandbox.rest.applications import ApplicationRoutes
from bot.sandbox.rest.callbacks import CallbackRoutes
from bot.sandbox.rest.channels import ChannelRoutes
from bot.sandbox.rest.endpoint import Endpoint, Record, Route
from bot.sandbox.rest.files import FileRoutes
from bot.sandbox.rest.member_calls import MemberRoutes
from bot.sandbox.rest.messages import MessageRoutes
from bot.sandbox.rest.users import UserRoutes
from bot.sandbox.transcript import render_messages
from bot.sandbox.wire import Json
from bot.sandbox.world import World

MAX_REQUEST_BYTES = 256 * 1024 * 1024


class Sandbox:
    """`async with Sandbox(config) as sandbox:` a Discord on one loopback port, gone at the end.

    Tests turn `clock`, order trouble through `faults` and `event_faults`, read `world`, and act through members."""

    def __init__(self, config: SandboxConfig | None = None, clock: Clock | None = None) -> None:
        self.config = config or SandboxConfig()
        self.clock = clock or Clock()
        self.faults = Faults()
        self.event_faults = EventFaults()
        self.contract = Contract(self.config.openapi)
        self.world = World(self.config, self.clock)
        self.gateway = Gateway(self.world, self.clock, self.event_faults)
        self.base_url = ""
        self._cdn = Cdn(self.clock, self.world.snowflakes)
        self._limits = Limits(self.config.rate_limits, self.clock)
        self._endpoint = Endpoint(self.world, self.faults, self._limits, self.contract)
        self._renderer = Renderer(self.world, self._cdn)
        self._announcer = Announcer(self.world, self.gateway, self._renderer, self._gateway_address)
        self._applications = ApplicationRoutes(self.world, self._announcer)
        self._channels = ChannelRoutes(self.world, self._announcer, self._renderer)
        self._members: dict[str, Member] = {}
        self._stack = AsyncExitStack()

    @property
    def api_url(self) -> str:
        """For `discord.http.Route.BASE`."""
        return f"{self.base_url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """For `discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY`."""
        return f"{self.base_url.replace('http', 'ws', 1)}/gateway"

    def _gateway_address(self) -> str:
        return self.gateway_url

    @property
    def bot_token(self) -> str:
        return self.config.bot_token

    @property
    def pings(self) -> list[Ping]:
        """Everyone who was notified by a new message, or would have been had permissions allowed it."""
        return self.world.pings

    @property
    def requests(self) -> list[Record]:
        """Every API request so far, with status and Discord's error code."""
        return list(self._endpoint.log)

    @property
    def contract_violations(self) -> list[Violation]:
        return self.contract.violations

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_REQUEST_BYTES)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        FileRoutes(self.world, self._cdn, self._announcer).mount(app)
        app.on_response_prepare.append(_stay_fresh)
        self._endpoint.mount(app, self._routes())
        self.gateway.greet = self._announcer.greeting
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        self._stack.push_async_callback(self.gateway.close)
        site = web.TCPSite(runner, self.config.host, self.config.port)
        await site.start()
        self.base_url = f"http://{self.config.host}:{runner.addresses[0][1]}"
        self._cdn.base_url = self.base_url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self._stack.aclose()
        self.clock.close()

    async def member(self, name: str, channel: str = "studio") -> Member:
        """The connected driver of a seeded member, connected on first use and closed with the sandbox."""
        if name not in self._members:
            user = self.user(name)
            member = Member(
                name=name,
                user_id=user.id,
                token=self.world.token_of(user.id),
                base_url=self.base_url,
                channel_id=self.channel(channel).id,
                wait_seconds=self.config.wait_seconds,
            )
            self._members[name] = await self._stack.enter_async_context(member)
        return self._members[name]

    def user(self, name: str) -> User:
        return next(user for user in self.world.users.values() if user.username == name)

    def channel(self, name: str) -> Channel:
        return next(item for item in self.world.channels.values() if item.name == name)

    def messages(self, channel: str | Channel = "studio") -> list[Message]:
        """What stands in a channel now, oldest first, without ephemeral messages."""
        place = self.channel(channel) if isinstance(channel, str) else channel
        return [self.world.messages[message_id] for message_id in place.message_ids]

    def file_bytes(self, message: Message, index: int = 0) -> bytes:
        return self._cdn.read(message.attachments[index].id)

    async def wait_until_bot_is_ready(self) -> None:
        """Return once the bot has identified (or resumed) and its socket is up."""
        await self.gateway.wait_until(lambda: self.gateway.is_connected(self.world.bot.id))

    def drop_bot(self, *, can_resume: bool = True, how: str = "close") -> int:
        """Cut the bot's gateway socket; see Gateway.drop."""
        return self.gateway.drop(self.world.bot.id, can_resume=can_resume, how=how)

    def deny_bot(self, channel: str | Channel, *permissions: Permission) -> None:
        """Take rights from the bot in one channel; an empty list gives all back."""
        place = self.channel(channel) if isinstance(channel, str) else channel
        place.overwrites = [item for item in place.overwrites if item.target_id != self.world.bot.id]
        denied = Permission(0)
        for permission in permissions:
            denied |= permission
        if denied:
            place.overwrites.append(Overwrite(self.world.bot.id, 1, deny=denied))
        self._announcer.channel_changed("CHANNEL_UPDATE", place)

    def remove_channel(self, channel_id: str) -> None:
        self._channels.remove(self.world.get_channel(channel_id))

    def add_channel(self, name: str) -> Channel:
        channel = self.world.add_channel(name, self.world.guild)
        self._announcer.channel_changed("CHANNEL_CREATE", channel)
        return channel

    def add_server(self, name: str, *member_names: str, channel: str = "lounge") -> Channel:
        """A server without the bot, and its one channel. Members who are connected already see it."""
        guild = self.world.add_guild(name, [self.user(member) for member in member_names])
        place = self.world.add_channel(channel, guild)
        self._announcer.guild_created(guild)
        return place

    def install(self, name: str) -> None:
        """A member adds the application to their own account, to use it wherever they are."""
        self._announcer.install(self.user(name).id)

    def set_locale(self, name: str, locale: str) -> None:
        """The language that this member has chosen in Discord, such as `de` or `pt-BR`."""
        self.user(name).locale = locale

    def close_dms(self, name: str) -> None:
        """Messages to this member's direct channel now answer 50007."""
        self.user(name).has_open_dms = False

    def open_dms(self, name: str) -> None:
        self.user(name).has_open_dms = True

    def give_role(self, name: str, role_name: str) -> str:
        """The id of a new role that this member has. A bot learns of it when it connects next."""
        role = Role(self.world.snowflakes.next(), role_name, Permission(0))
        self.world.guild.roles[role.id] = role
        self.world.guild.members[self.user(name).id].role_ids.append(role.id)
        return role.id

    def set_upload_limit(self, size: int) -> None:
        """Bytes per file, for requests and for the `attachment_size_limit` of interactions from now on."""
        self.world.attachment_size_limit = size

    def grant(self, name: str, sku_id: str, *, for_server: bool = False) -> Json:
        """A member buys an SKU, for the server if so: ENTITLEMENT_CREATE goes to the bot."""
        guild_id = self.world.guild.id if for_server else None
        return self._applications.grant(self.user(name).id, sku_id, guild_id)

    def revoke(self, entitlement_id: str) -> None:
        self._applications.revoke(entitlement_id)

    def transcript(self, channel: str | Channel = "studio") -> str:
        """The channel as markdown, in the order it was written."""
        viewer = self.world.guild.owner_id
        return render_messages(self._renderer.message(item, viewer) for item in self.messages(channel))

    def _routes(self) -> list[Route]:
        mailbox = Mailbox(self.world, self._cdn, self._announcer)
        desk = InteractionDesk(self.world, mailbox, self._announcer, self._renderer)
        resolver = Resolver(self.world, self._cdn, self._renderer)
        return [
            *UserRoutes(self.world, self._announcer, self._renderer, self._gateway_address).routes(),
            *self._applications.routes(),
            *MemberRoutes(self.world, self._cdn, desk, resolver).routes(),
            *CallbackRoutes(self.world, desk, mailbox, self._renderer).routes(),
            *MessageRoutes(self.world, mailbox, self._announcer, self._renderer).routes(),
            *self._channels.routes(),
        ]


async def _stay_fresh(request: web.Request, response: web.StreamResponse) -> None:
    """After an update a browser must not go on with yesterday's page."""
    if request.path == "/" or request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"
