"""The rules of the ledger: everything sums to 0, lots are used in their order, nothing comes twice or goes missing."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import ledger
from bot.domain.job import JobId
from bot.domain.ledger import (
    EXPIRED,
    ISSUED,
    Account,
    AccountKind,
    Entry,
    EntryKind,
    Homes,
    Lot,
    Posting,
    Shortage,
    Unbalanced,
)
from bot.domain.prices import Unit
from bot.domain.prompt import Speed
from tests.domain.factories import ANN, NOW, after

SECONDS = Unit.GPU_SECONDS
JOB = JobId("job")
HELD, USED = Account(AccountKind.HELD, JOB), Account(AccountKind.USED, Speed.FAST)


def a_lot(kind: AccountKind, balance: int, name: str = "", ends: float | None = None) -> Lot:
    return Lot(Account(kind, name or kind), balance, balance, None if ends is None else after(ends))


MONTH, BONUS, EXTRA, OWED = AccountKind.MONTH, AccountKind.BONUS, AccountKind.EXTRA, AccountKind.OWED


def take(lots: list[Lot], amount: int, at: float = 0) -> dict[str, int]:
    entry = ledger.reserve(JOB, ANN, SECONDS, amount, lots, after(at))
    return {posting.account.label: -posting.amount for posting in entry.postings if posting.amount < 0}


def test_an_entry_that_does_not_balance_cannot_be_made() -> None:
    for postings in ((Posting(ISSUED, -1),), (Posting(ISSUED, -1), Posting(USED, 2)), (Posting(ISSUED, 0),)):
        with pytest.raises(Unbalanced):
            Entry("x", EntryKind.GRANT, ANN, SECONDS, NOW, postings)


def test_the_month_goes_first_then_bonus_then_extra() -> None:
    lots = [a_lot(EXTRA, 100), a_lot(BONUS, 50), a_lot(MONTH, 30)]
    assert take(lots, 10) == {"month": 10}
    assert take(lots, 60) == {"month": 30, "bonus": 30}
    assert take(lots, 180) == {"month": 30, "bonus": 50, "extra": 100}


def test_of_a_kind_what_expires_first_goes_first() -> None:
    lots = [a_lot(EXTRA, 10, "endless"), a_lot(EXTRA, 10, "late", 99), a_lot(EXTRA, 10, "soon", 9)]
    assert take(lots, 25) == {"soon": 10, "late": 10, "endless": 5}
    assert take(lots, 15, at=9) == {"late": 10, "endless": 5}


def test_what_is_not_there_is_not_taken() -> None:
    lots = [a_lot(MONTH, 30), a_lot(BONUS, 29), a_lot(EXTRA, 99, "expired", 0)]
    with pytest.raises(Shortage) as shortage:
        take(lots, 60)
    assert (shortage.value.needed, shortage.value.left) == (60, 59)


def test_a_job_that_succeeds_uses_what_was_held() -> None:
    reserved = ledger.reserve(JOB, ANN, SECONDS, 40, [a_lot(MONTH, 30), a_lot(BONUS, 30)], NOW)
    captured = ledger.capture(reserved, Speed.FAST, NOW)
    assert captured.postings == (Posting(HELD, -40), Posting(USED, 40))
    assert (reserved.business_id, captured.business_id, captured.job_id) == ("reserve:job", "settle:job", JOB)


def test_a_job_that_fails_gives_back_to_each_lot_what_it_took() -> None:
    lots = [a_lot(MONTH, 30), a_lot(BONUS, 30)]
    reserved = ledger.reserve(JOB, ANN, SECONDS, 40, lots, NOW)
    released = ledger.release(reserved, Homes(), NOW)
    assert ledger.after(ledger.after(lots, reserved), released) == lots
    assert released.business_id == ledger.capture(reserved, Speed.FAST, NOW).business_id


def test_what_comes_back_to_a_closed_lot_follows_the_rest_of_it() -> None:
    lots = [a_lot(MONTH, 10, "m"), a_lot(BONUS, 10, "b"), a_lot(EXTRA, 10, "e")]
    reserved = ledger.reserve(JOB, ANN, SECONDS, 30, lots, NOW)
    closed = {"m": EntryKind.EXPIRE, "b": EntryKind.REVOKE}
    back = {posting.account: posting.amount for posting in ledger.release(reserved, Homes(closed), NOW).postings}
    assert back == {HELD: -30, EXPIRED: 10, ISSUED: 10, lots[2].account: 10}


def test_what_is_owed_of_a_lot_is_taken_from_what_comes_back() -> None:
    lots = [a_lot(MONTH, 10, "m"), a_lot(EXTRA, 50, "e")]
    reserved = ledger.reserve(JOB, ANN, SECONDS, 40, lots, NOW)
    [_, rest] = ledger.after(lots, reserved)
    taken = ledger.take_back(rest, 25, 25, ANN, SECONDS, NOW, source="shop")
    owed = Account(OWED, "e")
    assert {posting.account: posting.amount for posting in taken.postings} == {rest.account: -20, owed: -5, ISSUED: 25}
    back = ledger.release(reserved, Homes(owed={"e": 5}), NOW).postings
    assert {posting.account: posting.amount for posting in back} == {
        HELD: -40,
        lots[0].account: 10,
        owed: 5,
        rest.account: 25,
    }


def test_a_refund_gives_back_what_was_used() -> None:
    lots = [a_lot(MONTH, 30)]
    reserved = ledger.reserve(JOB, ANN, SECONDS, 30, lots, NOW)
    captured = ledger.capture(reserved, Speed.TURBO, NOW)
    refunded = ledger.refund(reserved, captured, Homes(), NOW)
    assert refunded.postings == (Posting(Account(AccountKind.USED, "turbo"), -30), Posting(lots[0].account, 30))


def test_relaxed_time_is_counted_and_costs_nothing() -> None:
    reserved = ledger.reserve_free(JOB, ANN, SECONDS, 60, NOW)
    assert reserved.postings == (Posting(ISSUED, -60), Posting(HELD, 60))
    assert ledger.release(reserved, Homes(), NOW).postings == (Posting(HELD, -60), Posting(ISSUED, 60))
    assert ledger.capture(reserved, Speed.RELAX, NOW).postings[1].account == Account(AccountKind.USED, "relax")


def test_an_empty_lot_is_closed_by_an_entry_without_postings() -> None:
    lot = a_lot(MONTH, 0, "m")
    assert ledger.expire(lot, ANN, SECONDS, NOW).postings == ()
    assert (
        ledger.expire(lot, ANN, SECONDS, NOW).business_id
        == ledger.revoke(lot, ANN, SECONDS, NOW, source="stripe").business_id
    )


@pytest.mark.parametrize(("kind", "amount"), [(MONTH, 0), (MONTH, -1), (AccountKind.USED, 5), (AccountKind.HELD, 5)])
def test_only_lots_are_given_and_only_something(kind: AccountKind, amount: int) -> None:
    with pytest.raises(ValueError, match="cannot be given"):
        ledger.grant("g", ANN, SECONDS, kind, amount, source="x", at=NOW)


@dataclass
class Books:
    """A ledger in memory with one lot of each kind, whose expiry is at 10, 20, 30 seconds."""

    entries: dict[str, Entry] = field(default_factory=dict)
    parts: Counter[str] = field(default_factory=Counter)

    def post(self, entry: Entry) -> None:
        self.entries.setdefault(entry.business_id, entry)

    def balances(self) -> dict[Account, int]:
        sums: dict[Account, int] = defaultdict(int)
        for entry in self.entries.values():
            for posting in entry.postings:
                sums[posting.account] += posting.amount
        return sums

    def owed(self) -> dict[str, int]:
        return {account.label: -amount for account, amount in self.balances().items() if account.kind is OWED}

    def homes(self) -> Homes:
        return Homes(self.closings(), self.owed())

    def closings(self) -> dict[str, EntryKind]:
        names = {ledger.close_id(name): name for name in ("month", "bonus", "extra")}
        return {names[entry_id]: entry.kind for entry_id, entry in self.entries.items() if entry_id in names}

    def lots(self) -> list[Lot]:
        grants = [entry for entry in self.entries.values() if entry.kind is EntryKind.GRANT]
        closed, balances = self.closings(), self.balances()
        accounts = [(grant.postings[1].account, grant) for grant in grants]
        return [
            Lot(account, balances[account], grant.postings[1].amount, grant.expires_at)
            for account, grant in accounts
            if account.label not in closed
        ]


JOBS = st.sampled_from([JobId(name) for name in "abcd"])
STEPS = st.one_of(
    st.tuples(st.just("grant"), st.sampled_from([MONTH, BONUS, EXTRA])),
    st.tuples(st.just("reserve"), JOBS),
    st.tuples(st.just("relax"), JOBS),
    st.tuples(st.just("succeed"), JOBS),
    st.tuples(st.just("fail"), JOBS),
    st.tuples(st.just("refund"), JOBS),
    st.tuples(st.just("close"), st.sampled_from([EntryKind.EXPIRE, EntryKind.REVOKE])),
    st.tuples(st.just("part"), st.integers(1, 70)),
    st.tuples(st.just("wait"), st.integers(1, 15)),
)
ENDS = {MONTH: 10, BONUS: 20, EXTRA: 30}


def play(books: Books, step: str, what: object, at: float) -> None:
    now = after(at)
    match step, what:
        case "grant", AccountKind() as kind:
            books.post(ledger.grant(kind, ANN, SECONDS, kind, 70, source="x", at=now, expires_at=after(ENDS[kind])))
        case "reserve" | "relax", str() as job:
            try:
                reserved = (
                    ledger.reserve(JobId(job), ANN, SECONDS, 60, books.lots(), now)
                    if step == "reserve"
                    else ledger.reserve_free(JobId(job), ANN, SECONDS, 60, now)
                )
            except Shortage:
                return
            books.post(reserved)
        case "succeed" | "fail" | "refund", str() as job:
            settle(books, step, JobId(job), at)
        case "close", EntryKind() as kind:
            for lot in books.lots():
                if kind is EntryKind.REVOKE:
                    books.post(ledger.revoke(lot, ANN, SECONDS, now, source="x"))
                elif not lot.is_live(now):
                    books.post(ledger.expire(lot, ANN, SECONDS, now))
        case "part", int() as total:
            for lot in books.lots():
                if (amount := total - books.parts[lot.account.label]) > 0:
                    books.post(ledger.take_back(lot, amount, total, ANN, SECONDS, now, source="x"))
                    books.parts[lot.account.label] = total
        case _:
            pass


def settle(books: Books, step: str, job: JobId, at: float) -> None:
    reserved, settled = books.entries.get(f"reserve:{job}"), books.entries.get(f"settle:{job}")
    if reserved is None:
        return
    if step == "succeed":
        books.post(ledger.capture(reserved, Speed.FAST, after(at)))
    elif step == "fail":
        books.post(ledger.release(reserved, books.homes(), after(at)))
    elif settled is not None and settled.kind is EntryKind.CAPTURE:
        books.post(ledger.refund(reserved, settled, books.homes(), after(at)))


@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_the_books_balance(steps: list[tuple[str, object]]) -> None:
    """Every step may come twice or in any order, for business ids make each happen once."""
    books, at = Books(), 0.0
    for step, what in steps:
        at += what if step == "wait" and isinstance(what, int) else 0
        play(books, step, what, at)
        balances = books.balances()
        assert sum(balances.values()) == 0
        assert all(
            amount >= 0 for account, amount in balances.items() if account.kind not in (AccountKind.ISSUED, OWED)
        )
        assert all(amount >= 0 for amount in books.owed().values())
        assert not [lot for lot in books.lots() if lot.balance and books.owed().get(lot.account.label)]
        assert not [name for name in books.closings() if balances[Account(AccountKind(name), name)]]
    settled = {entry.job_id for entry in books.entries.values() if entry.business_id.startswith("settle:")}
    assert not [job for job in settled if job and books.balances()[Account(AccountKind.HELD, job)]]


def test_lots_follow_their_entries() -> None:
    lots = [a_lot(MONTH, 30), a_lot(BONUS, 30)]
    reserved = ledger.reserve(JOB, ANN, SECONDS, 40, lots, NOW)
    assert ledger.after(lots, reserved) == [replace(lots[0], balance=0), replace(lots[1], balance=20)]
