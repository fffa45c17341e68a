"""What a member does with finished pictures: like them, have them sent, put them into the trash."""

import asyncio
from dataclasses import replace

from bot.domain.errors import JobGone, NotAllowed
from bot.domain.gallery import Picture
from bot.domain.job import Job, JobId, UserId
from bot.pictures import fit_bytes
from bot.usecases.placing import ALT_TEXT_LIMIT, SMALLEST_UPLOAD
from bot.usecases.ports import ConflictingChange, DeliveryError, DeliveryRefused, FileTooLarge, ResultFile
from bot.usecases.studio import Studio


async def send_by_dm(job_id: JobId, user_id: UserId, *, studio: Studio) -> None:
    """The pictures one by one, with job id and seed, as large as a message takes. Raises `NotAllowed` or `JobGone`."""
    job = await _own_job(job_id, user_id, studio)
    async with studio.db.reading() as tx:
        pictures = await tx.gallery.list_of_job(job.id)
    if not pictures:
        raise JobGone
    masters = await asyncio.gather(*(studio.store.get(picture.store_key) for picture in pictures))
    text = f"**{job.prompt}**\n**Job ID**: {job.id}\n**seed** {job.params.seed}"
    limit = max(map(len, masters))
    while True:
        files = [await _file_of(picture, job, master, limit) for picture, master in zip(pictures, masters, strict=True)]
        try:
            await studio.notifier.send_direct(user_id, text, files)
        except FileTooLarge:
            limit //= 2
            if limit < SMALLEST_UPLOAD:
                raise
        except DeliveryRefused as refusal:
            raise NotAllowed("I may not write to you. Allow direct messages from members of this server.") from refusal
        else:
            return


async def _file_of(picture: Picture, job: Job, master: bytes, limit: int) -> ResultFile:
    data, extension = await asyncio.to_thread(fit_bytes, master, limit)
    return ResultFile(f"{job.id}_{picture.index + 1}.{extension}", data, job.prompt[:ALT_TEXT_LIMIT])


async def trash_job(job_id: JobId, user_id: UserId, *, studio: Studio) -> Job:
    """Its message goes, its pictures move to the trash. What was not shown yet never will be."""
    await _own_job(job_id, user_id, studio)
    while (job := await _try_to_put_away(job_id, studio)) is None:
        pass  # it was shown since it was read: look again
    try:
        if job.is_discarded:
            await studio.notifier.remove_waiting(job)
        await studio.notifier.remove_result(await _with_result(job, studio))
    except DeliveryError as trouble:
        raise NotAllowed("The pictures are in your trash, but I may not delete the message here.") from trouble
    return job


async def _try_to_put_away(job_id: JobId, studio: Studio) -> Job | None:
    try:
        async with studio.db.transaction() as tx:
            job = await tx.jobs.get(job_id)
            if (put_away := job.put_away()) != job:
                await tx.jobs.save_delivery(put_away)
            await tx.gallery.set_trashed(job_id, studio.now())
    except ConflictingChange:
        return None
    return put_away


async def _with_result(job: Job, studio: Studio) -> Job:
    """A try to show it may have reached the chat without our hearing of it. One that is under way is taken back by
    whoever makes it."""
    if job.is_discarded and job.delivery_attempts:
        return replace(job, result_message=await studio.notifier.find_result(job))
    return job


async def like_job(job_id: JobId, user_id: UserId, user_name: str, *, studio: Studio) -> Job:
    """Remembered once, however often it is pressed. Raises `JobGone`, also for what the member may not see."""
    async with studio.db.transaction() as tx:
        job = await tx.jobs.get(job_id)
        if job.is_stealth and job.user_id != user_id:
            raise JobGone
        await tx.users.lock(user_id, user_name, studio.now())
        await tx.likes.add(user_id, job_id, studio.now())
    return job


async def restore_job(job_id: JobId, user_id: UserId, *, studio: Studio) -> Job:
    """Its pictures come back to the gallery."""
    job = await _own_job(job_id, user_id, studio)
    async with studio.db.transaction() as tx:
        await tx.gallery.set_trashed(job.id, None)
    return job


async def _own_job(job_id: JobId, user_id: UserId, studio: Studio) -> Job:
    async with studio.db.reading() as tx:
        job = await tx.jobs.get(job_id)
    if job.user_id != user_id:
        raise NotAllowed("Only the member who made these pictures can do that.")
    return job
