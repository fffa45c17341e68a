"""A job walks only the roads that exist, and what it is about never changes on the way."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.domain.job import (
    DeliveryStatus,
    FailureReason,
    InvalidTransition,
    Job,
    JobKind,
    JobStatus,
    MessageRef,
    new_job_id,
)
from bot.domain.prompt.parameters import GenerationParams
from tests.domain.factories import NOW, a_job, after

OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)
SHOWN = [DeliveryStatus.DELIVERED, DeliveryStatus.BY_DM, DeliveryStatus.UNDELIVERABLE]


class JobWalk(RuleBasedStateMachine):
    """Any order of transitions: each is taken from exactly the states that allow it, else it changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.first = self.job = a_job()
        self.clock = 0
        self.starts = 0

    def now(self) -> datetime:
        self.clock += 1
        return after(self.clock)

    @rule()
    def start(self) -> None:
        if self.job.status is JobStatus.QUEUED:
            self.job = self.job.start(self.now())
            self.starts += 1
            assert self.job.started_at == after(self.clock)
        else:
            with pytest.raises(InvalidTransition):
                self.job.start(self.now())

    @rule()
    def requeue(self) -> None:
        if self.job.status is JobStatus.RUNNING:
            self.job = self.job.requeue()
            assert self.job.started_at is None
        else:
            with pytest.raises(InvalidTransition):
                self.job.requeue()

    @rule()
    def interrupt(self) -> None:
        if self.job.status is JobStatus.RUNNING:
            before, self.job = self.job, self.job.interrupt(self.now(), "incident")
            assert self.job.interruptions == before.interruptions + 1
            assert self.job.has_ended == before.is_suspect
        else:
            with pytest.raises(InvalidTransition):
                self.job.interrupt(self.now(), "incident")

    @rule(how=st.sampled_from([JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED]))
    def end(self, how: JobStatus) -> None:
        job, now = self.job, self.now()
        ends = {
            JobStatus.SUCCEEDED: lambda: job.succeed(now, 1.5, ("note",)),
            JobStatus.FAILED: lambda: job.fail(now, FailureReason.ENGINE, "incident"),
            JobStatus.CANCELLED: lambda: job.cancel(now),
        }
        if job.status in OPEN:
            self.job = ends[how]()
            assert self.job.status is how
            assert self.job.finished_at == now
            assert self.job.delivery is DeliveryStatus.PENDING
        else:
            with pytest.raises(InvalidTransition):
                ends[how]()

    @rule(how=st.sampled_from(SHOWN))
    def deliver(self, how: DeliveryStatus) -> None:
        if self.job.delivery is DeliveryStatus.PENDING:
            self.job = self.job.delivered(MessageRef(1, 2), how)
            assert self.job.delivery is how
        else:
            with pytest.raises(InvalidTransition):
                self.job.delivered(None, how)

    @invariant()
    def ends_are_whole(self) -> None:
        assert self.job.has_ended == (self.job.finished_at is not None)
        assert self.job.has_ended == (self.job.delivery is not DeliveryStatus.NOT_DUE)
        assert self.job.attempt == self.starts
        assert self.job.request_id == f"{self.job.id}:{self.starts}"

    @invariant()
    def the_subject_stays(self) -> None:
        def subject(job: Job) -> tuple[object, ...]:
            return job.id, job.kind, job.user_id, job.prompt, job.params, job.created_at, job.parent, job.seeds

        assert subject(self.job) == subject(self.first)


TestJobWalk = JobWalk.TestCase


def test_seeds_follow_from_the_jobs_own_and_wrap() -> None:
    job = a_job(params=GenerationParams("x", seed=2**32 - 2))
    assert job.seeds == (2**32 - 2, 2**32 - 1, 0, 1)
    assert replace(job, kind=JobKind.UPSCALE).seeds == (2**32 - 2,)


def test_a_result_message_is_not_forgotten_by_a_direct_message() -> None:
    job = a_job(result_message=MessageRef(1, 2)).succeed(NOW, 0.0)
    assert job.delivered(None, DeliveryStatus.BY_DM).result_message == MessageRef(1, 2)


def test_ids_are_fresh_lower_case_uuids() -> None:
    ids = {new_job_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(name) == 36 and name == name.lower() for name in ids)
