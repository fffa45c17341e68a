"""What members do with finished pictures, and what they may see of each other."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageStat

from bot.domain.errors import JobGone, NotAllowed
from bot.domain.gallery import GalleryQuery
from bot.domain.job import DeliveryStatus, PictureRef
from bot.pictures import encode_png
from bot.usecases.account import Usage, account_info
from bot.usecases.browse import browse_gallery, open_picture, open_thumbnails
from bot.usecases.cancel import discard_job
from bot.usecases.deliver import deliver_job
from bot.usecases.keep import restore_job, send_by_dm, trash_job
from bot.usecases.ports import DeliveryDelayed, DeliveryRefused, FileTooLarge
from bot.usecases.run_job import run_job
from engine.protocol import FailureCode
from tests.domain.factories import ANN, BOB
from tests.fakes import grainy
from tests.usecases.conftest import World, place_of


async def shown(world: World, **query: object) -> int:
    found = await browse_gallery(replace(GalleryQuery(ANN), **query), 0, studio=world.studio)  # type: ignore[arg-type]
    return found.total


async def test_trash_takes_message_and_pictures_and_gives_them_back(world: World) -> None:
    job = await world.drawn()
    await deliver_job(job.id, studio=world.studio)
    await trash_job(job.id, ANN, studio=world.studio)
    assert world.notifier.messages == {}
    assert (await shown(world), await shown(world, owner_id=ANN, trashed=True)) == (0, 4)
    await restore_job(job.id, ANN, studio=world.studio)
    assert (await shown(world), await shown(world, owner_id=ANN, trashed=True)) == (4, 0)


async def test_a_message_that_may_not_be_deleted_leaves_the_pictures_in_the_trash(world: World) -> None:
    job = await world.drawn()
    await deliver_job(job.id, studio=world.studio)
    world.notifier.refuse("remove_result", DeliveryRefused("no"))
    with pytest.raises(NotAllowed, match="are in your trash"):
        await trash_job(job.id, ANN, studio=world.studio)
    assert await shown(world, owner_id=ANN, trashed=True) == 4


async def test_what_ends_just_as_it_is_discarded_is_shown_as_little_as_what_was_stopped(world: World) -> None:
    stopped, ended = await world.imagine(), await world.drawn()
    for job in (stopped, ended):
        await discard_job(job.id, ANN, studio=world.studio)
    async with world.working():
        pass
    assert [said.text for said in world.notifier.messages.values()] == [f"{stopped.id} cancelled"]
    assert await shown(world, owner_id=ANN, trashed=True) == 4


async def test_what_is_discarded_before_it_is_shown_never_is(world: World) -> None:
    job = await world.drawn()
    await trash_job(job.id, ANN, studio=world.studio)
    async with world.working():
        pass
    assert world.notifier.messages == {}
    assert "post_result" not in world.notifier.calls
    assert (await world.job(job.id)).delivery is DeliveryStatus.DELIVERED
    assert (await shown(world), await shown(world, owner_id=ANN, trashed=True)) == (0, 4)


async def test_what_is_discarded_while_it_is_being_shown_is_taken_back(world: World) -> None:
    job = await world.drawn()
    gate = world.notifier.hold("post_result")
    async with world.working():
        await gate.reached()
        await trash_job(job.id, ANN, studio=world.studio)
        gate.open()
    assert world.notifier.messages == {}


async def test_what_is_discarded_where_nobody_knows_whether_it_was_shown_is_looked_for(world: World) -> None:
    job = await world.drawn()
    world.notifier.lose("post_result")
    with pytest.raises(DeliveryDelayed):
        await deliver_job(job.id, studio=world.studio)
    assert world.notifier.said("result")
    await trash_job(job.id, ANN, studio=world.studio)
    async with world.working():
        pass
    assert world.notifier.messages == {}


async def test_a_failure_that_is_not_told_yet_is_told_all_the_same(world: World) -> None:
    job = await world.imagine()
    world.engine.fail_next(FailureCode.INTERNAL)
    await run_job(await world.claim(job), studio=world.studio)
    await trash_job(job.id, ANN, studio=world.studio)
    async with world.working():
        pass
    assert len(world.notifier.said("end")) == 1


async def test_strangers_may_do_nothing_and_see_nothing_of_the_trash(world: World) -> None:
    job = await world.drawn()
    for act in (trash_job, restore_job, send_by_dm):
        with pytest.raises(NotAllowed):
            await act(job.id, BOB, studio=world.studio)
    assert (await open_picture(PictureRef(job.id, 3), BOB, studio=world.studio)).picture.index == 3
    await trash_job(job.id, ANN, studio=world.studio)
    with pytest.raises(JobGone):
        await open_picture(PictureRef(job.id, 3), BOB, studio=world.studio)
    assert (await open_picture(PictureRef(job.id, 3), ANN, studio=world.studio)).data


async def test_pictures_by_direct_message(world: World) -> None:
    job = await world.drawn("a fox --seed 3")
    await send_by_dm(job.id, ANN, studio=world.studio)
    [said] = world.notifier.said("direct")
    assert said.text == f"**a fox --seed 3**\n**Job ID**: {job.id}\n**seed** 3"
    assert [file.name for file in said.files] == [f"{job.id}_{number}.png" for number in (1, 2, 3, 4)]
    world.notifier.refuse("send_direct", DeliveryRefused("closed"))
    with pytest.raises(NotAllowed, match="Allow direct messages"):
        await send_by_dm(job.id, ANN, studio=world.studio)
    with pytest.raises(JobGone):
        await send_by_dm((await world.imagine()).id, ANN, studio=world.studio)


async def test_pictures_too_large_for_a_message_are_made_smaller(world: World) -> None:
    job = await world.drawn()
    large = encode_png(grainy(400, 400, seed=1))
    for picture in await world.pictures(job.id):
        await world.studio.store.put(picture.store_key, large)
    world.notifier.refuse("send_direct", FileTooLarge("too large"))
    await send_by_dm(job.id, ANN, studio=world.studio)
    [said] = world.notifier.said("direct")
    assert [file.name for file in said.files] == [f"{job.id}_{number}.webp" for number in (1, 2, 3, 4)]
    assert max(len(file.data) for file in said.files) <= len(large) // 2
    world.notifier.refuse("send_direct", *[FileTooLarge("too large")] * 9)
    with pytest.raises(FileTooLarge):
        await send_by_dm(job.id, ANN, studio=world.studio)


async def test_a_page_is_shown_without_what_was_lost(world: World) -> None:
    """One file that is gone, and one that is broken, keep nobody from the others."""
    job = await world.drawn()
    gone, broken, *_ = await world.pictures(job.id)
    await world.studio.store.delete(gone.store_key)
    await world.studio.store.put(broken.store_key, b"not a picture")
    page = await browse_gallery(GalleryQuery(ANN), 0, studio=world.studio)
    sheet = Image.open(io.BytesIO(await open_thumbnails(page, studio=world.studio))).convert("RGB")
    tiles = [sheet.crop((x, y, x + 256, y + 256)) for x, y in ((0, 0), (264, 0), (528, 0), (0, 264))]
    assert [ImageStat.Stat(tile.convert("HSV")).mean[2] > 128 for tile in tiles] == [
        picture not in (gone, broken) for picture in page.pictures
    ]


async def test_an_account_counts_its_own_jobs(world: World) -> None:
    await world.drawn("done")
    await world.drawn("done by another", BOB)
    running, waiting = await world.claim(await world.imagine("running")), await world.imagine("waiting")
    account = await account_info(place_of(ANN), studio=world.studio)
    assert ([job.id for job in account.running], [job.id for job in account.waiting]) == ([running.id], [waiting.id])
    assert account.lifetime == Usage(1, 0.25)
