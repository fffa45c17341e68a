"""A world that sells plans, and short words for what the tests of charges ask again and again."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.job import UserId
from bot.domain.ledger import AccountKind
from bot.domain.plan import Catalogue
from bot.usecases.account import AccountInfo, account_info
from bot.usecases.audit_ledger import audit_ledger
from bot.usecases.grants import TimeGrant, grant_plan, grant_time
from tests.domain.factories import ANN, CATALOGUE, NOW, an_entitlement
from tests.usecases.conftest import World, place_of


def sell(world: World, catalogue: Catalogue = CATALOGUE) -> None:
    world.studio = replace(world.studio, catalogue=catalogue)


async def own(world: World, plan: str = "Basic", user_id: UserId = ANN, starts_at: datetime = NOW, **more: Any) -> str:
    """A plan without end. Returns its reference."""
    owned = an_entitlement(user_id=user_id, plan_name=plan, starts_at=starts_at, **{"ends_at": None, **more})
    assert await grant_plan(owned, studio=world.studio)
    return owned.reference


async def give(
    world: World, amount: int, kind: AccountKind = AccountKind.EXTRA, reference: str = "gift", user_id: UserId = ANN
) -> bool:
    return await grant_time(TimeGrant(user_id, amount, kind, "test", reference), studio=world.studio)


async def left(world: World, user_id: UserId = ANN) -> int:
    return (await info(world, user_id)).left


async def info(world: World, user_id: UserId = ANN) -> AccountInfo:
    return await account_info(place_of(user_id), studio=world.studio)


async def assert_sound(world: World) -> None:
    findings = await audit_ledger(db=world.studio.db)
    assert not findings, findings
