"""How much time or credits an article of a payment service stands for."""

from dataclasses import dataclass

from bot.domain.plan import Article, Catalogue
from bot.domain.prices import Unit

HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Supply:
    """What is bought once: how much of what, and how many days it lasts."""

    amount: int
    unit: Unit
    days: int


def supply_of(article: Article, catalogue: Catalogue) -> Supply | None:
    """None for plans, and for a pack that is no longer sold."""
    if article.hours:
        return Supply(article.hours * HOUR, Unit.GPU_SECONDS, catalogue.extra_days)
    pack = next((pack for pack in catalogue.packs if pack.name == article.pack), None)
    return Supply(pack.credits, Unit.CREDITS, pack.days) if pack else None
