"""One HTTP request from its arrival to its answer, and the table of routes it is looked up in.

The order matters: read, meet ordered trouble, count against limits, check the contract, act, check the answer."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from aiohttp import web

from bot.sandbox import errors
from bot.sandbox.contract import Contract
from bot.sandbox.faults import Faults
from bot.sandbox.limits import Limits
from bot.sandbox.mailbox import body_object
from bot.sandbox.wire import Body, Json, Reply, Upload, read_body, render_reply
from bot.sandbox.world import Caller, World

LOG_LENGTH = 20_000
API = r"/api/{version:v\d+}"


@dataclass(frozen=True)
class Call:
    """A request as a route sees it."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Body
    caller: Caller | None

    @property
    def payload(self) -> Json:
        return body_object(self.body)

    @property
    def files(self) -> Mapping[int, Upload]:
        return self.body.files

    @property
    def who(self) -> Caller:
        if self.caller is None:
            raise errors.unauthorized()
        return self.caller

    def require_bot(self) -> Caller:
        if not self.who.is_bot:
            raise errors.unauthorized()
        return self.who

    def wants(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("1", "true")


Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    handler: Handler


@dataclass(frozen=True)
class Record:
    """One line of the request log. `arrived_at` is in seconds of the stand-in's clock."""

    method: str
    path: str
    status: int
    code: int
    is_bot: bool
    arrived_at: float


class Endpoint:
    def __init__(self, world: World, faults: Faults, limits: Limits, contract: Contract) -> None:
        self._world = world
        self._faults = faults
        self._limits = limits
        self._contract = contract
        self.log: deque[Record] = deque(maxlen=LOG_LENGTH)

    def mount(self, app: web.Application, routes: list[Route]) -> None:
        for route in routes:
            app.router.add_route(route.method, API + route.path, partial(self._serve, route.handler))
        app.router.add_route("*", API + "/{tail:.*}", partial(self._serve, _missing))

    async def _serve(self, handler: Handler, request: web.Request) -> web.StreamResponse:
        arrived_at = self._world.clock.now()
        path = request.path.split("/", 3)[-1]
        call = Call(
            method=request.method,
            path=f"/{path}",
            params=dict(request.match_info),
            query=request.query,
            body=await read_body(request),
            caller=self._world.caller(request.headers.get("Authorization")),
        )
        reply = await self._through_faults(handler, call)
        if reply is None:
            return _cut(request)
        self._note(call, reply, arrived_at)
        response = render_reply(reply)
        if reply.after is None:
            return response
        # The answer leaves before anything that it causes is told to anyone.
        await response.prepare(request)
        await response.write_eof()
        reply.after()
        return response

    async def _through_faults(self, handler: Handler, call: Call) -> Reply | None:
        """The reply, or None where an ordered fault swallows it."""
        await self._faults.wait_for_holds(call.method, call.path)
        fault = self._faults.take(call.method, call.path)
        if fault is None:
            return await self._answer(handler, call)
        if fault.cut is None:
            return fault.reply()
        if fault.cut == "after":
            await self._answer(handler, call)
        return None

    async def _answer(self, handler: Handler, call: Call) -> Reply:
        headers: dict[str, str] = {}
        if call.caller is None or call.caller.is_bot:
            verdict = self._limits.check(call.method, call.path, "bot")
            if verdict.refusal is not None:
                return verdict.refusal
            headers = verdict.headers
        try:
            self._contract.check_request(call.method, call.path, call.body.payload)
            reply = await handler(call)
            self._contract.check_reply(call.method, call.path, reply)
        except errors.ApiError as error:
            reply = error.reply()
        return replace(reply, headers={**headers, **reply.headers})

    def _note(self, call: Call, reply: Reply, arrived_at: float) -> None:
        code = reply.payload.get("code", 0) if isinstance(reply.payload, dict) and reply.status >= 400 else 0
        is_bot = call.caller.is_bot if call.caller else True
        self.log.append(Record(call.method, call.path, reply.status, int(code), is_bot, arrived_at))


async def _missing(_call: Call) -> Reply:
    raise errors.not_found()


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
