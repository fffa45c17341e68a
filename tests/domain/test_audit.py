"""The audit finds each thing that cannot be, and nothing in a ledger that is sound."""

from collections.abc import Sequence

import pytest

from bot.domain import ledger
from bot.domain.audit import JobState, find_discrepancies
from bot.domain.job import DeliveryStatus, JobId, JobStatus
from bot.domain.ledger import ISSUED, Account, AccountKind, Entry, EntryKind, Homes, Lot, Posting
from bot.domain.prices import Unit
from bot.domain.prompt import Speed
from tests.domain.factories import ANN, NOW

SECONDS = Unit.GPU_SECONDS
JOB = JobId("job")
GRANT = ledger.grant("lot", ANN, SECONDS, AccountKind.EXTRA, 100, source="test", at=NOW)
FULL = Lot(Account(AccountKind.EXTRA, "lot"), 100, 100)
RESERVED = ledger.reserve(JOB, ANN, SECONDS, 60, [FULL], NOW)
CAPTURED = ledger.capture(RESERVED, Speed.FAST, NOW)
RELEASED = ledger.release(RESERVED, Homes(), NOW)
REFUNDED = ledger.refund(RESERVED, CAPTURED, Homes(), NOW)
RUNNING: JobState = (JobStatus.RUNNING, DeliveryStatus.NOT_DUE)
DRAWN: JobState = (JobStatus.SUCCEEDED, DeliveryStatus.DELIVERED)
LOST: JobState = (JobStatus.SUCCEEDED, DeliveryStatus.UNDELIVERABLE)
FAILED: JobState = (JobStatus.FAILED, DeliveryStatus.DELIVERED)


@pytest.mark.parametrize(
    ("state", "ends"),
    [(RUNNING, []), (DRAWN, [CAPTURED]), (LOST, [CAPTURED, REFUNDED]), (FAILED, [RELEASED])],
)
def test_a_sound_ledger_has_no_findings(state: JobState, ends: list[Entry]) -> None:
    assert find_discrepancies([GRANT, RESERVED, *ends], {JOB: state}) == []


@pytest.mark.parametrize(
    ("state", "ends", "finding"),
    [
        (DRAWN, [], "is reserved, but should be charged"),
        (DRAWN, [RELEASED], "is released, but should be charged"),
        (DRAWN, [CAPTURED, REFUNDED], "is refunded, but should be charged"),
        (FAILED, [CAPTURED], "is charged, but should be released"),
        (FAILED, [], "is reserved, but should be released"),
        (LOST, [CAPTURED], "is charged, but should be refunded"),
        (RUNNING, [CAPTURED], "is charged, but should be reserved"),
    ],
)
def test_a_job_that_was_charged_otherwise_than_it_ended(state: JobState, ends: list[Entry], finding: str) -> None:
    [found] = find_discrepancies([GRANT, RESERVED, *ends], {JOB: state})
    assert finding in found


def test_a_job_that_was_deleted_is_no_finding_once_it_was_settled() -> None:
    assert find_discrepancies([GRANT, RESERVED, CAPTURED], {}) == []
    assert find_discrepancies([GRANT, RESERVED], {}) == ["job job is gone, and its price is still held"]


def entry(name: str, kind: EntryKind, *moves: tuple[Account, int]) -> Entry:
    return Entry(name, kind, ANN, SECONDS, NOW, tuple(Posting(account, amount) for account, amount in moves))


def findings(*entries: Entry) -> Sequence[str]:
    return find_discrepancies([GRANT, RESERVED, *entries], {JOB: RUNNING})


def test_a_balance_that_falls_below_nothing_even_for_a_moment() -> None:
    down = entry("down", EntryKind.REVOKE, (FULL.account, -41), (ISSUED, 41))
    up = entry("up", EntryKind.GRANT, (ISSUED, -41), (FULL.account, 41))
    assert findings(down, up) == ["extra lot comes to -1 by down"]


def test_a_closed_lot_that_still_holds_something() -> None:
    assert findings(entry("close:lot", EntryKind.EXPIRE)) == ["extra lot is closed and holds 40"]


def test_what_is_owed_of_a_lot_is_taken_before_it_holds_anything() -> None:
    owed = Account(AccountKind.OWED, "lot")
    too_soon = entry("part", EntryKind.REVOKE, (owed, -5), (ISSUED, 5))
    assert findings(too_soon) == ["extra lot holds 40 while 5 are owed of it"]
    too_much = entry("back", EntryKind.RELEASE, (FULL.account, -40), (owed, 40))
    assert findings(too_much) == ["owed lot comes to 40 by back"]


def test_a_settled_job_for_which_something_is_still_held() -> None:
    half = entry(
        "settle:job", EntryKind.CAPTURE, (Account(AccountKind.HELD, JOB), -1), (Account(AccountKind.USED, "fast"), 1)
    )
    found = find_discrepancies([GRANT, RESERVED, half], {JOB: DRAWN})
    assert found == ["59 are held for job job, which was settled"]
