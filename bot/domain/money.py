"""Money: whole minor units of a currency. Never a fraction, never a sum of two currencies."""

from dataclasses import dataclass

WITHOUT_MINOR = frozenset({"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV"})
"""Currencies whose smallest unit is the unit itself, as payment services count them."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` counts cents, or whatever the smallest unit of `currency` (ISO 4217) is."""

    minor: int
    currency: str = "USD"

    def __str__(self) -> str:
        if self.currency in WITHOUT_MINOR:
            return f"{self.minor:,} {self.currency}"
        sign, (whole, rest) = "-" * (self.minor < 0), divmod(abs(self.minor), 100)
        return f"{sign}{whole:,}.{rest:02} {self.currency}"
