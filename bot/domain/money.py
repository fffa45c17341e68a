"""Money: whole minor units of a currency. Never a fraction, never a sum of two currencies."""

from dataclasses import dataclass

WITHOUT_MINOR = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()  # noqa: SIM905  a list of codes reads best so
)
"""Currencies whose smallest unit is the unit itself, as payment services count them. Stripe counts UGX and ISK in
hundredths, although nothing is paid in them."""
THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` counts cents, or whatever the smallest unit of `currency` (ISO 4217) is."""

    minor: int
    currency: str = "USD"

    def __str__(self) -> str:
        if self.currency in WITHOUT_MINOR:
            return f"{self.minor:,} {self.currency}"
        digits = 3 if self.currency in THOUSANDTHS else 2
        sign, (whole, rest) = "-" * (self.minor < 0), divmod(abs(self.minor), 10**digits)
        return f"{sign}{whole:,}.{rest:0{digits}} {self.currency}"
