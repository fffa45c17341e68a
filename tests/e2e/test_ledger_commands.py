"""`python -m bot export`, `audit` and `grant`, as an operator runs them."""

import csv
import io
import sys
from pathlib import Path

from bot.db.database import migrate, open_database
from bot.domain import ledger
from bot.domain.ledger import Account, AccountKind, Lot
from bot.domain.prices import Unit
from tests.domain.factories import ANN, NOW, a_job
from tests.e2e.process import ended, start


async def run(folder: Path, *arguments: str) -> tuple[int, str]:
    config = folder / "config.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{folder / "easel.db"}"\n[plans]\nenabled = true\n')
    status, out, err = await ended(await start([sys.executable, "-m", "bot", "--config", str(config), *arguments], ""))
    return status, out + err


async def test_a_ledger_is_exported_and_looked_through(tmp_path: Path) -> None:
    assert await run(tmp_path, "audit") == (0, "The ledger balances, and every job is charged as it ended.\n")
    url = f"sqlite:///{tmp_path / 'easel.db'}"
    await migrate(url)
    job = a_job()
    gift = ledger.grant("grant:1", ANN, Unit.GPU_SECONDS, AccountKind.EXTRA, 90, source="test", at=NOW)
    lot = Lot(Account(AccountKind.EXTRA, "grant:1"), 90, 90)
    async with open_database(url) as db, db.transaction() as tx:
        await tx.jobs.add(job.cancel(NOW))
        await tx.ledger.post(gift)
        await tx.ledger.post(ledger.reserve(job.id, ANN, Unit.GPU_SECONDS, 60, [lot], NOW))
    status, out = await run(tmp_path, "export", "--user", str(ANN))
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert [(row["entry"], row["account"], row["amount"]) for row in rows] == [
        ("grant:1", "issued", "-90"),
        ("grant:1", "extra", "90"),
        (f"reserve:{job.id}", "extra", "-60"),
        (f"reserve:{job.id}", "held", "60"),
    ]
    status, out = await run(tmp_path, "audit")
    assert status == 1
    assert f"job {job.id} (cancelled pending) is reserved, but should be released" in out


async def test_an_operator_grants_from_the_shell(tmp_path: Path) -> None:
    assert await run(tmp_path, "grant", "--user", "5", "--hours", "1.5") == (
        0,
        "Member 5 has 5,400 gpu_seconds more.\n",
    )
    status, out = await run(tmp_path, "grant", "--user", "5", "--plan", "Pro", "--days", "30")
    assert (status, out.startswith("Member 5 has Pro until ")) == (0, True)
    status, out = await run(tmp_path, "grant", "--user", "5", "--plan", "Gold")
    assert (status, "There are Basic, Standard, Pro, Mega." in out) == (2, True)
    status, out = await run(tmp_path, "grant", "--user", "5", "--credits", "9")
    assert (status, "counts gpu_seconds" in out) == (2, True)
    status, out = await run(tmp_path, "grant", "--user", "5", "--hours", "1", "--days", "9")
    assert (status, "--days is for plans. Time lasts 30 days" in out) == (2, True)
    status, out = await run(tmp_path, "grant", "--user", "5", "--plan", "Pro", "--days", "0")
    assert (status, "above 0" in out) == (2, True)
    async with open_database(f"sqlite:///{tmp_path / 'easel.db'}") as db, db.reading() as tx:
        acts = await tx.oversight.list_acts(9)
        assert [(act.operator.name, act.member_id, act.details) for act in acts] == [
            ("command line", 5, "Pro for 30 days"),
            ("command line", 5, "5400 gpu_seconds"),
        ]


async def test_a_gift_with_a_name_is_given_once(tmp_path: Path) -> None:
    for told in ("Member 5 has 3,600 gpu_seconds more.\n", "Member 5 was given contest before; nothing has changed.\n"):
        assert await run(tmp_path, "grant", "--user", "5", "--hours", "1", "--id", "contest") == (0, told)
    first = await run(tmp_path, "grant", "--user", "5", "--plan", "Pro", "--days", "30", "--id", "contest")
    assert await run(tmp_path, "grant", "--user", "5", "--plan", "Pro", "--days", "60", "--id", "contest") == first
    assert (await run(tmp_path, "grant", "--user", "6", "--hours", "1", "--id", "contest"))[0] == 0
    async with open_database(f"sqlite:///{tmp_path / 'easel.db'}") as db, db.reading() as tx:
        assert [(act.member_id, act.details) for act in await tx.oversight.list_acts(9)] == [
            (6, "3600 gpu_seconds"),
            (5, "Pro for 30 days"),
            (5, "3600 gpu_seconds"),
        ]
