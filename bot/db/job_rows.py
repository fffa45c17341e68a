"""A job as a row of its table, and back."""

from dataclasses import asdict
from typing import Any

from bot.db.models import JobRow
from bot.domain.job import Door, Job, JobId, MessageRef, PictureRef, UserId
from bot.domain.operation import load_operation
from bot.domain.prompt import load_params
from bot.domain.ticket import Ticket


def to_columns(job: Job) -> dict[str, Any]:
    """Everything but the waiting message, which comes from another hand while the job is being changed."""
    return {
        "id": job.id,
        "kind": job.kind,
        "user_id": job.user_id,
        "user_name": job.user_name,
        "channel_id": job.channel_id,
        "guild_id": job.guild_id,
        "prompt": job.prompt,
        "params": asdict(job.params),
        "created_at": job.created_at,
        "operation": asdict(job.operation),
        "speed": job.speed,
        "is_stealth": job.is_stealth,
        "is_remix": job.is_remix,
        "plan_name": job.plan_name,
        "ticket_tag": job.ticket.tag,
        "ticket_seconds": job.ticket.seconds,
        "ticket_weight": job.ticket.weight,
        "status": job.status,
        "delivery": job.delivery,
        "attempt": job.attempt,
        "delivery_attempts": job.delivery_attempts,
        "interruptions": job.interruptions,
        "parent_job_id": job.parent.job_id if job.parent else None,
        "parent_index": job.parent.index if job.parent else None,
        **message_columns("pressed", job.pressed_message),
        **message_columns("result", job.result_message),
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "engine_seconds": job.engine_seconds,
        "failure": job.failure,
        "incident_id": job.incident_id,
        "notes": list(job.notes),
        "door_token": job.door.token if job.door else None,
        "door_open_until": job.door.open_until if job.door else None,
        "locale": job.locale,
    }


def to_job(row: JobRow) -> Job:
    return Job(
        id=JobId(row.id),
        kind=row.kind,
        user_id=UserId(row.user_id),
        user_name=row.user_name,
        channel_id=row.channel_id,
        guild_id=row.guild_id,
        prompt=row.prompt,
        params=load_params(row.params),
        created_at=row.created_at,
        operation=load_operation(row.operation),
        speed=row.speed,
        is_stealth=row.is_stealth,
        is_remix=row.is_remix,
        plan_name=row.plan_name,
        ticket=Ticket(row.ticket_tag, row.ticket_seconds, row.ticket_weight),
        status=row.status,
        delivery=row.delivery,
        attempt=row.attempt,
        delivery_attempts=row.delivery_attempts,
        interruptions=row.interruptions,
        parent=_to_picture_ref(row.parent_job_id, row.parent_index),
        pressed_message=_to_message_ref(row.pressed_channel_id, row.pressed_message_id),
        waiting_message=_to_message_ref(row.waiting_channel_id, row.waiting_message_id),
        result_message=_to_message_ref(row.result_channel_id, row.result_message_id),
        started_at=row.started_at,
        finished_at=row.finished_at,
        engine_seconds=row.engine_seconds,
        failure=row.failure,
        incident_id=row.incident_id,
        notes=tuple(row.notes),
        door=Door(row.door_token, row.door_open_until) if row.door_token and row.door_open_until else None,
        locale=row.locale,
    )


def message_columns(name: str, message: MessageRef | None) -> dict[str, Any]:
    return {
        f"{name}_channel_id": message.channel_id if message else None,
        f"{name}_message_id": message.message_id if message else None,
    }


def _to_message_ref(channel_id: int | None, message_id: int | None) -> MessageRef | None:
    return None if channel_id is None or message_id is None else MessageRef(channel_id, message_id)


def _to_picture_ref(job_id: str | None, index: int | None) -> PictureRef | None:
    return None if job_id is None or index is None else PictureRef(JobId(job_id), index)
