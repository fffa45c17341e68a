"""Serves our pages on one socket. The address is known before anything is served, for links are made of it."""

import contextlib
import socket
from collections.abc import AsyncIterator, Iterable

from aiohttp import web

from bot.web.region import answer_errors

MAX_REQUEST_BYTES = 12 * 1024 * 1024
GOODBYE_SECONDS = 5.0


def bind(host: str, port: int) -> socket.socket:
    """Raises `OSError` when the address is taken or not ours."""
    return socket.create_server((host, port))


def address_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def serving(bound: socket.socket, routes: Iterable[web.AbstractRouteDef]) -> AsyncIterator[None]:
    app = web.Application(middlewares=[answer_errors], client_max_size=MAX_REQUEST_BYTES)
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        yield
    finally:
        await runner.cleanup()
