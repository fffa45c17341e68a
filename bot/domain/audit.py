"""Whether one member's ledger can be true: nothing below 0, nothing left behind, each job charged as it ended. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.domain.job import UNFINISHED, DeliveryStatus, JobId, JobStatus
from bot.domain.ledger import LOTS, Account, AccountKind, Entry, EntryKind, close_id, refund_id, settle_id

JobState = tuple[JobStatus, DeliveryStatus]


def find_discrepancies(entries: Sequence[Entry], jobs: Mapping[JobId, JobState]) -> list[str]:
    """A sentence for the operator for each thing that cannot be. `entries` are all of one member, oldest first."""
    by_id = {entry.business_id: entry for entry in entries}
    return [*_check_balances(entries, by_id), *_check_charges(entries, by_id, jobs)]


def _check_balances(entries: Iterable[Entry], by_id: Mapping[str, Entry]) -> Iterator[str]:
    balances: dict[Account, int] = defaultdict(int)
    for entry in entries:
        for posting in entry.postings:
            balances[posting.account] += posting.amount
            if not _can_hold(posting.account.kind, balances[posting.account]):
                yield f"{_name(posting.account)} comes to {balances[posting.account]} by {entry.business_id}"
    for account, balance in balances.items():
        if balance and account.kind in LOTS and close_id(account.label) in by_id:
            yield f"{_name(account)} is closed and holds {balance}"
        elif balance and account.kind in LOTS and (owed := -balances.get(Account(AccountKind.OWED, account.label), 0)):
            yield f"{_name(account)} holds {balance} while {owed} are owed of it"
        if balance and account.kind is AccountKind.HELD and settle_id(JobId(account.label)) in by_id:
            yield f"{balance} are held for job {account.label}, which was settled"
    if total := sum(balances.values()):
        yield f"all accounts together hold {total} instead of 0"


def _can_hold(kind: AccountKind, balance: int) -> bool:
    match kind:
        case AccountKind.ISSUED:
            return True
        case AccountKind.OWED:
            return balance <= 0
        case _:
            return balance >= 0


def _check_charges(
    entries: Iterable[Entry], by_id: Mapping[str, Entry], jobs: Mapping[JobId, JobState]
) -> Iterator[str]:
    for entry in entries:
        if entry.kind is EntryKind.RESERVE and entry.job_id is not None:
            settled, state = by_id.get(settle_id(entry.job_id)), jobs.get(entry.job_id)
            found = _actual(settled.kind if settled else None, refund_id(entry.job_id) in by_id)
            if state is None and found == "reserved":
                yield f"job {entry.job_id} is gone, and its price is still held"
            if state is not None and found != (expected := _expected(*state)):
                yield f"job {entry.job_id} ({' '.join(state)}) is {found}, but should be {expected}"


def _actual(settled: EntryKind | None, is_refunded: bool) -> str:
    if is_refunded:
        return "refunded"
    match settled:
        case None:
            return "reserved"
        case EntryKind.CAPTURE:
            return "charged"
        case _:
            return "released"


def _expected(status: JobStatus, delivery: DeliveryStatus) -> str:
    if status in UNFINISHED:
        return "reserved"
    if status is not JobStatus.SUCCEEDED:
        return "released"
    return "refunded" if delivery is DeliveryStatus.UNDELIVERABLE else "charged"


def _name(account: Account) -> str:
    return f"{account.kind} {account.label}".rstrip()
