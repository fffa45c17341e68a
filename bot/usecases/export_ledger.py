"""All that happened to one member's time or credits, as a table that a spreadsheet opens."""

import csv
import io

from bot.domain.job import UserId
from bot.usecases.ports import Database

HEADER = ("at", "entry", "kind", "source", "unit", "account", "label", "amount", "job", "expires_at")


async def export_ledger(user_id: UserId, *, db: Database) -> str:
    """CSV with one line for each posting, oldest first. The amounts of an account sum to its balance, those of an
    entry to 0; an entry that only closes an empty lot has one line without account. Times are UTC."""
    async with db.reading() as tx:
        entries = await tx.ledger.list_of_member(user_id)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(HEADER)
    for entry in entries:
        lead = (entry.at.isoformat(), entry.business_id, entry.kind, entry.source, entry.unit)
        tail = (entry.job_id or "", entry.expires_at.isoformat() if entry.expires_at else "")
        if not entry.postings:
            writer.writerow((*lead, "", "", 0, *tail))
        for posting in entry.postings:
            writer.writerow((*lead, posting.account.kind, posting.account.label, posting.amount, *tail))
    return table.getvalue()
