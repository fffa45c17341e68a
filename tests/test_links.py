"""Links are fetched over real sockets: what is private stays unreached, what is too large or late is refused."""

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.errors import InvalidLink
from bot.links import LinkFetcher, is_public, open_link_fetcher

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """A web site on this machine that counts who came by."""

    server: TestServer
    asked: list[str] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server.port}{path}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    app = web.Application()
    server = TestServer(app, host="127.0.0.1")
    site = Site(server)
    stopped = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        site.asked.append(request.path)
        match request.path:
            case "/picture":
                return web.Response(body=b"picture")
            case "/large":
                return web.Response(body=bytes(5_000))
            case "/endless":
                return await pour(request)
            case "/slow":
                return await pour(request, stopped)
            case "/bomb":
                return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
            case "/away":
                raise web.HTTPFound(request.query["to"])
            case "/loop":
                raise web.HTTPFound("/loop")
            case _:
                raise web.HTTPNotFound

    app.router.add_get("/{path:.*}", answer)
    await server.start_server()
    yield site
    stopped.set()
    await server.close()


async def pour(request: web.Request, until: asyncio.Event | None = None) -> web.StreamResponse:
    """No length is announced. Either more and more comes, or one piece and then nothing until the event."""
    response = web.StreamResponse(headers={"Content-Type": "image/png"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(bytes(1_000))
    if until is not None:
        await until.wait()
        return response
    with contextlib.suppress(ConnectionError):  # who reads goes away at some point
        while True:
            await response.write(bytes(1_000))
    return response


@pytest.fixture
async def trusting(site: Site) -> AsyncIterator[LinkFetcher]:
    assert site.server.port is not None
    async with open_link_fetcher([("127.0.0.1", site.server.port)], max_bytes=4_096) as fetcher:
        yield fetcher


async def test_what_answers_is_fetched(trusting: LinkFetcher, site: Site) -> None:
    assert await trusting.fetch(site.url("/picture")) == b"picture"


async def test_nothing_is_unpacked_on_the_way(trusting: LinkFetcher, site: Site) -> None:
    assert await trusting.fetch(site.url("/bomb")) == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("path", "says"),
    [("/gone", "error 404"), ("/large", "larger than"), ("/loop", "cannot be opened"), ("/away?to=ftp://x/", "cannot")],
)
async def test_what_is_wrong_is_said(trusting: LinkFetcher, site: Site, path: str, says: str) -> None:
    with pytest.raises(InvalidLink, match=says):
        await trusting.fetch(site.url(path))


async def test_what_never_ends_is_left(trusting: LinkFetcher, site: Site) -> None:
    with pytest.raises(InvalidLink, match="larger than"):
        await trusting.fetch(site.url("/endless"))


async def test_what_takes_too_long_is_left(site: Site) -> None:
    assert site.server.port is not None
    impatient = aiohttp.ClientTimeout(total=0.3)
    async with open_link_fetcher([("127.0.0.1", site.server.port)], patience=impatient) as fetcher:
        with pytest.raises(InvalidLink, match="cannot be opened"):
            await fetcher.fetch(site.url("/slow"))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a.png", "gopher://x/", "http://", "//x/a.png"])
async def test_only_http_is_spoken(trusting: LinkFetcher, url: str) -> None:
    with pytest.raises(InvalidLink, match="cannot be opened"):
        await trusting.fetch(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0"])
async def test_this_machine_is_not_reached_by_any_spelling(site: Site, host: str) -> None:
    async with open_link_fetcher() as fetcher:
        with pytest.raises(InvalidLink, match="cannot be opened"):
            await fetcher.fetch(site.url("/picture", host))
    assert site.asked == []


async def test_a_redirect_does_not_lead_inside(trusting: LinkFetcher, site: Site) -> None:
    """The first address is trusted, the one that it sends to is not."""
    inside = TestServer(web.Application(), host="127.0.0.1")
    await inside.start_server()
    with pytest.raises(InvalidLink, match="cannot be opened"):
        await trusting.fetch(site.url(f"/away?to=http://127.0.0.1:{inside.port}/"))
    assert site.asked == ["/away"]
    await inside.close()


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "100.64.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.31.0.1",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_private_addresses(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
