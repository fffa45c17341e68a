"""Looks through the whole ledger, member by member, for what cannot be."""

from bot.domain.audit import find_discrepancies
from bot.domain.ledger import Unbalanced
from bot.usecases.ports import Database


async def audit_ledger(*, db: Database) -> list[str]:
    """A sentence for the operator for each discrepancy; there should be none."""
    async with db.reading() as tx:
        members = await tx.ledger.list_members()
    found = []
    for user_id in members:
        async with db.reading() as tx:
            try:
                entries = await tx.ledger.list_of_member(user_id)
            except Unbalanced as trouble:
                found.append(f"member {user_id}: entry {trouble}")
                continue
            jobs = await tx.jobs.list_states(user_id)
        found += [f"member {user_id}: {finding}" for finding in find_discrepancies(entries, jobs)]
    return found
