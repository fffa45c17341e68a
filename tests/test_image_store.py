"""Bytes come back as they were put, whole or not at all; a full disk says so."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.config import Config
from bot.doctor import _check_store
from bot.domain.errors import JobGone, StoreFull, StoreUnreachable
from bot.domain.finding import Health
from bot.image_store import open_image_store
from bot.program import running_studio
from bot.storage import StoreUnavailable
from bot.usecases.ports import ImageStore
from tests.fakes import FakeEngine

KEY = "0f9c5e1a-1b2c-4d3e-8f90-123456789abc/0.png"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return open_image_store(tmp_path / "new" / "pictures")


async def test_there_and_back(store: ImageStore, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    await store.put(KEY, data)
    assert await store.get(KEY) == data
    assert (tmp_path / "new" / "pictures" / KEY).read_bytes() == data
    await store.put(KEY, b"")
    assert await store.get(KEY) == b""


async def test_what_is_not_there(store: ImageStore) -> None:
    with pytest.raises(JobGone):
        await store.get(KEY)
    await store.delete(KEY)
    await store.put(KEY, b"x")
    await store.delete(KEY)
    await store.delete(KEY)
    with pytest.raises(JobGone):
        await store.get(KEY)


async def test_a_reader_never_sees_half_a_picture(store: ImageStore) -> None:
    versions = [bytes([number]) * 2_000_000 for number in range(8)]
    await store.put(KEY, versions[0])

    async def read() -> None:
        assert await store.get(KEY) in versions

    await asyncio.gather(*(store.put(KEY, version) for version in versions), *(read() for _ in range(16)))
    await read()


async def test_the_store_is_found_again_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_image_store("data/pictures")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    await store.put(KEY, b"x")
    assert (tmp_path / "data" / "pictures" / KEY).exists()


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x.png", "a/../x.png", "a//b", "a/", ".hidden", "a/.", "a b", "ü", "a\n", "x" * 201]
)
async def test_odd_keys_are_refused(store: ImageStore, key: str) -> None:
    for act in (store.get(key), store.delete(key), store.put(key, b"x")):
        with pytest.raises(ValueError, match="cannot name a picture"):
            await act


@pytest.mark.parametrize("place", ["ftp://host/x", "s3://", "s3:///prefix", "gs://bucket"])
def test_other_places_are_refused_with_a_sentence(place: str) -> None:
    with pytest.raises(ValueError, match="a folder or at s3://bucket/prefix"):
        open_image_store(place)


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, bytes]]:
    """The three requests of S3 that we make, on loopback; what it holds, by path."""
    kept: dict[str, bytes] = {}

    async def put(request: web.Request) -> web.Response:
        kept[request.path] = await request.read()
        return web.Response(headers={"ETag": '"1"'})

    async def get(request: web.Request) -> web.Response:
        if request.path not in kept:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        return web.Response(
            body=kept[request.path], headers={"ETag": '"1"', "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT"}
        )

    async def delete(request: web.Request) -> web.Response:
        [key] = re.findall("<Key>(.+?)</Key>", await request.text())
        kept.pop(f"{request.path}/{key}", None)
        return web.Response(text=f"<DeleteResult><Deleted><Key>{key}</Key></Deleted></DeleteResult>")

    app = web.Application()
    app.router.add_put("/{path:.+}", put)
    app.router.add_get("/{path:.+}", get)
    app.router.add_post("/{bucket}", delete)
    async with TestServer(app) as server:
        point_at(server.port, monkeypatch)
        yield kept


async def test_a_bucket_keeps_pictures_as_a_folder_does(bucket: dict[str, bytes]) -> None:
    store = open_image_store("s3://pictures/easel")
    await store.put(KEY, b"x" * 100_000)
    assert bucket == {f"/pictures/easel/{KEY}": b"x" * 100_000}
    assert await store.get(KEY) == b"x" * 100_000
    await store.delete(KEY)
    await store.delete(KEY)
    with pytest.raises(JobGone):
        await store.get(KEY)


@asynccontextmanager
async def a_refusing_bucket(status: int, text: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ImageStore]:
    """Answers everything alike, and is asked once."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    monkeypatch.setattr("bot.image_store.MAX_RETRIES", 0)
    async with TestServer(app) as server:
        point_at(server.port, monkeypatch)
        yield open_image_store("s3://pictures/easel")


def point_at(port: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }.items():
        monkeypatch.setenv(name, value)


REFUSALS = {
    (403, "<Error><Code>InvalidAccessKeyId</Code></Error>"): "refuses us (InvalidAccessKeyId); check AWS_ACCESS_KEY_ID",
    (401, ""): "refuses us; check AWS_ACCESS_KEY_ID",
    (404, "<Error><Code>NoSuchBucket</Code></Error>"): "there is no bucket for s3://pictures/easel; create it",
    (301, ""): "is kept in another region; set AWS_REGION",
    (503, "slow down"): "s3://pictures/easel has trouble: ",
}


@pytest.mark.parametrize(("answer", "sentence"), REFUSALS.items())
async def test_a_bucket_that_refuses_is_told_in_a_sentence(
    answer: tuple[int, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_refusing_bucket(*answer, monkeypatch) as store:
        for act in (store.put(KEY, b"x"), store.get(KEY), store.delete(KEY)):
            with pytest.raises(StoreUnreachable) as caught:
                await act
            assert sentence in caught.value.why
            assert "\n" not in caught.value.why


async def test_a_bucket_that_is_not_there_ends_the_start_and_is_named_by_the_doctor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bot.image_store.MAX_RETRIES", 0)
    point_at(1, monkeypatch)
    database = {"url": f"sqlite:///{tmp_path / 'easel.db'}"}
    config = Config.model_validate({"images": {"store": "s3://pictures/easel"}, "database": database})
    sentence = "nobody answers for s3://pictures/easel; check AWS_ENDPOINT and the network."
    with pytest.raises(StoreUnavailable) as caught:
        async with running_studio(config, "token", FakeEngine()):
            pass
    assert str(caught.value) == f"The image store cannot be used: {sentence}"
    finding = await _check_store(config)
    assert (finding.health, finding.sentence) == (Health.BAD, f"N{sentence[1:]}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with one megabyte, where this machine lets us mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk to fill: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_says_so_and_keeps_what_it_has(small_disk: Path) -> None:
    store = open_image_store(small_disk)
    await store.put(KEY, b"x" * 600_000)
    for key in (KEY, "other/0.png"):
        with pytest.raises(StoreFull):
            await store.put(key, b"y" * 2_000_000)
    assert await store.get(KEY) == b"x" * 600_000
    assert [name for _, _, names in os.walk(small_disk) for name in names] == ["0.png"]
    await store.delete(KEY)
    await store.put("other/0.png", b"y" * 600_000)
