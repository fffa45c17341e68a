"""The only code that knows where pictures' bytes live: a local folder, or a bucket that speaks S3."""

import asyncio
import errno
import os
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, ObjectStore, S3Store

from bot.domain.errors import JobGone, StoreFull, StoreUnreachable

log = structlog.get_logger(__name__)

_KEY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
MAX_KEY = 200
# obstore names the cause of a failure in words only
_NO_ROOM = re.compile(r"os error (?:28|122)\)")  # ENOSPC, EDQUOT
NO_BUCKET = "NoSuchBucket"
METADATA_ADDRESS = "169.254.169.254"  # where a machine in Amazon's cloud is asked for credentials, for want of others
MAX_RETRIES = 5
RETRY_TIMEOUT = timedelta(seconds=30)
"""They bridge some seconds of a bucket's trouble. Who has more patience tries again, as deliveries do."""
PROBE = "probe"


class ObjectImageStore:
    """`ports.ImageStore` on obstore. A local put appears whole or not at all, and survives a power cut."""

    def __init__(self, store: ObjectStore, place: str) -> None:
        self._store = store
        self._place = place
        self._folder = store.prefix if isinstance(store, LocalStore) else None

    async def check(self) -> None:
        """Whether it can be written. Raises `StoreFull` or `StoreUnreachable`."""
        await self.put(PROBE, b"probe")
        await self.delete(PROBE)

    async def put(self, key: str, data: bytes) -> None:
        """Raises `StoreFull` or `StoreUnreachable`."""
        check_key(key)
        with self._reached():
            await self._store.put_async(key, data)
            if self._folder:
                await asyncio.to_thread(_flush, self._folder, key)

    async def get(self, key: str) -> bytes:
        """Raises `JobGone` or `StoreUnreachable`."""
        check_key(key)
        with self._reached():
            try:
                found = await self._store.get_async(key)
            except FileNotFoundError as error:
                if NO_BUCKET in str(error):
                    raise
                raise JobGone from error
            return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        """Deleting what is not there is fine. Raises `StoreUnreachable`."""
        check_key(key)
        with self._reached():
            try:
                await self._store.delete_async(key)
            except FileNotFoundError as error:
                if NO_BUCKET in str(error):
                    raise

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            if _NO_ROOM.search(f"{error}") or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull from error
            why = _explain(error, self._place)
            log.warning("image store out of reach", why=why)
            raise StoreUnreachable(why) from error


def _explain(error: Exception, place: str) -> str:
    """The operator's sentence. Below the cause obstore quotes all that it knows."""
    gist, _, _ = str(error).partition("\n\nDebug source")
    code = re.search(r"<Code>(\w+)</Code>", gist)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        name = f" ({code[1]})" if code else ""
        return f"{place} refuses us{name}; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do there"
    if METADATA_ADDRESS in gist:
        return f"there are no credentials for {place}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if NO_BUCKET in gist:
        return f"there is no bucket for {place}; create it, or correct its name"
    if "configured region" in gist:
        return f"{place} is kept in another region; set AWS_REGION"
    if "error sending request" in gist:
        return f"nobody answers for {place}; check AWS_ENDPOINT and the network"
    return textwrap.shorten(f"{place} has trouble: {gist}", 300)


def open_image_store(url_or_path: str | Path) -> ObjectImageStore:
    """A folder, made when missing, or `s3://bucket/prefix`.

    For S3 the credentials and the endpoint come from the usual `AWS_*` environment variables. Raises `ValueError`
    with a sentence for other URLs.
    """
    scheme, separator, rest = str(url_or_path).partition("://")
    if not separator:
        return ObjectImageStore(LocalStore(Path(url_or_path).resolve(), mkdir=True), str(url_or_path))
    if scheme != "s3" or not rest.partition("/")[0]:
        raise ValueError(f"Pictures can be kept in a folder or at s3://bucket/prefix, not at `{url_or_path}`.")
    bucket = S3Store.from_url(
        str(url_or_path), retry_config={"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT}
    )
    return ObjectImageStore(bucket, str(url_or_path))


def check_key(key: str) -> None:
    """Keys are ours, never a member's: plain names parted by single slashes."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise ValueError(f"{key[:MAX_KEY]!r} cannot name a picture")


def _flush(folder: Path, key: str) -> None:
    """The store renames a finished file into place but leaves it to the system when that reaches the disk."""
    path = folder / key
    _sync(path, os.O_RDWR)
    while path != folder:
        path = path.parent
        _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
