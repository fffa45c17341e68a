"""The studio: the ports that the use cases act through, handed to each as one value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from bot.domain.job import UserId
from bot.domain.plan import OPEN_STUDIO, Limits, Plan, plan_for
from bot.usecases.ports import Database, ImageStore, Notifier, Transaction
from engine.protocol import Engine


@dataclass(frozen=True, slots=True)
class Studio:
    """`wake` tells whoever draws and delivers that the job table has changed.

    `limits` hold for members without a plan; `page_size` is pictures on a page of the gallery; `versions` says which
    model draws which version that a prompt may name (see `PromptRules.models`).
    """

    db: Database
    engine: Engine
    store: ImageStore
    notifier: Notifier
    wake: Callable[[], None]
    now: Callable[[], datetime]
    limits: Limits
    page_size: int
    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    async def plan_of(self, user_id: UserId, tx: Transaction) -> Plan:
        open_to_all = replace(OPEN_STUDIO, limits=self.limits)
        now = self.now()
        return plan_for(await tx.entitlements.list_active(user_id, now), now, default=open_to_all) or open_to_all
