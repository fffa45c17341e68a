"""The only code that knows where pictures' bytes live: a local folder, or a bucket that speaks S3."""

import asyncio
import errno
import os
import re
from pathlib import Path

from obstore.exceptions import GenericError
from obstore.store import LocalStore, ObjectStore, S3Store

from bot.domain.errors import JobGone, StoreFull

_KEY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
MAX_KEY = 200
_NO_ROOM = re.compile(
    r"os error (?:28|122)\)"
)  # ENOSPC, EDQUOT: obstore names the cause of a failed write in words only


class ObjectImageStore:
    """`ports.ImageStore` on obstore. A local put appears whole or not at all, and survives a power cut."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._folder = store.prefix if isinstance(store, LocalStore) else None

    async def put(self, key: str, data: bytes) -> None:
        """Raises `StoreFull`."""
        check_key(key)
        try:
            await self._store.put_async(key, data)
            if self._folder:
                await asyncio.to_thread(_flush, self._folder, key)
        except (GenericError, OSError) as error:
            if _NO_ROOM.search(f"{error}") or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull from error
            raise

    async def get(self, key: str) -> bytes:
        """Raises `JobGone`."""
        check_key(key)
        try:
            found = await self._store.get_async(key)
        except FileNotFoundError as error:
            raise JobGone from error
        return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        """Deleting what is not there is fine."""
        check_key(key)
        try:
            await self._store.delete_async(key)
        except FileNotFoundError:
            return


def open_image_store(url_or_path: str | Path) -> ObjectImageStore:
    """A folder, made when missing, or `s3://bucket/prefix`.

    For S3 the credentials and the endpoint come from the usual `AWS_*` environment variables. Raises `ValueError`
    with a sentence for other URLs.
    """
    scheme, separator, rest = str(url_or_path).partition("://")
    if not separator:
        return ObjectImageStore(LocalStore(Path(url_or_path).resolve(), mkdir=True))
    if scheme != "s3" or not rest.partition("/")[0]:
        raise ValueError(f"Pictures can be kept in a folder or at s3://bucket/prefix, not at `{url_or_path}`.")
    return ObjectImageStore(S3Store.from_url(str(url_or_path)))


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
