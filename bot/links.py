"""Fetches what members link to, and nothing that stands in a private network.

Every connection is made through one gate that looks at the address it is about to connect to: whatever a name resolves
to, at whichever redirect, is seen there.
"""

import ipaddress
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.domain.errors import InvalidLink
from bot.domain.prompt.links import show_link

log = structlog.get_logger(__name__)

MAX_BYTES = 20 * 1024 * 1024
MAX_REDIRECTS = 5
SECONDS = aiohttp.ClientTimeout(total=20, sock_connect=5)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Endpoint = tuple[str, int]


class PrivateAddress(OSError):
    """The address is not one of the public internet."""


class LinkFetcher:
    def __init__(self, session: aiohttp.ClientSession, max_bytes: int = MAX_BYTES) -> None:
        self._session = session
        self._max_bytes = max_bytes

    async def fetch(self, url: str) -> bytes:
        """What the address answers with, undecoded. Raises `InvalidLink` with a sentence for the member.

        A private address reads like one that does not answer: nobody can map our network by asking.
        """
        shown = show_link(url)
        try:
            async with self._session.get(_http_address(url), max_redirects=MAX_REDIRECTS) as response:
                if response.status != 200:
                    raise InvalidLink(
                        "`{link}` answers with the error {status}; check the link.", link=shown, status=response.status
                    )
                return await self._read(response, shown)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as trouble:
            log.info("link not fetched", url=url[:200], why=f"{type(trouble).__name__}: {trouble}")
            raise InvalidLink(
                "`{link}` cannot be opened from here; upload the picture and use its link.", link=shown
            ) from trouble

    async def _read(self, response: aiohttp.ClientResponse, shown: str) -> bytes:
        """The announced length may be missing or wrong, so what comes is counted."""
        data = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            data += chunk
            if len(data) > self._max_bytes:
                megabytes = self._max_bytes // 2**20
                raise InvalidLink(
                    "`{link}` is larger than {size} MB; link to a smaller picture.", link=shown, size=megabytes
                )
        return bytes(data)


def _http_address(url: str) -> str:
    """Raises `ValueError` for everything else: not all of it fails kindly further down."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("neither http nor https")
    return url


@asynccontextmanager
async def open_link_fetcher(
    trusted: Collection[Endpoint] = (), max_bytes: int = MAX_BYTES, patience: aiohttp.ClientTimeout = SECONDS
) -> AsyncIterator[LinkFetcher]:
    """`trusted` are addresses and ports that may be private, such as the stand-in's own store of attachments."""
    gate = _Gate(frozenset(trusted))
    connector = aiohttp.TCPConnector(socket_factory=gate.open, limit_per_host=4)
    headers = {"User-Agent": "Easel", "Accept": "image/*", "Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=patience,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # what is small on the line and huge in memory is not unpacked
    ) as session:
        yield LinkFetcher(session, max_bytes)


class _Gate:
    def __init__(self, trusted: frozenset[Endpoint]) -> None:
        self._trusted = trusted

    def open(self, address_info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, (host, port, *_) = address_info
        if (host, port) not in self._trusted and not is_public(ipaddress.ip_address(host)):
            raise PrivateAddress(f"{host} is not a public address")
        return socket.socket(family, kind, protocol)


def is_public(address: Address) -> bool:
    """Whether it belongs to the public internet, also when it wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        if wrapped := _wrapped(address):
            return is_public(wrapped)
        if address.scope_id is not None or address.is_site_local:  # given up, but still routed in some networks
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
