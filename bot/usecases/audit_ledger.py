"""Looks through the whole ledger, member by member, for what cannot be."""

from collections.abc import Mapping, Sequence

from bot.domain.audit import JobState, find_discrepancies
from bot.domain.job import JobId, UserId
from bot.domain.ledger import Entry, Unbalanced
from bot.usecases.ports import Database


async def audit_ledger(*, db: Database) -> list[str]:
    """A sentence for the operator for each discrepancy; there should be none. Members may go on drawing meanwhile."""
    async with db.reading() as tx:
        members = await tx.ledger.list_members()
    found = []
    for user_id in members:
        try:
            entries, jobs = await _read(user_id, db)
        except Unbalanced as trouble:
            found.append(f"member {user_id}: entry {trouble}")
        else:
            found += [f"member {user_id}: {finding}" for finding in find_discrepancies(entries, jobs)]
    return found


async def _read(user_id: UserId, db: Database) -> tuple[Sequence[Entry], Mapping[JobId, JobState]]:
    """Each question sees what was committed before it. When no job changed in between, the answers belong together."""
    while True:
        async with db.reading() as tx:
            before = await tx.jobs.list_states(user_id)
            entries = await tx.ledger.list_of_member(user_id)
            if await tx.jobs.list_states(user_id) == before:
                return entries, before
