"""Money is whole smallest units, which are not hundredths everywhere."""

import pytest

from bot.domain.money import Money


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money(123_456), "1,234.56 USD"),
        (Money(5, "EUR"), "0.05 EUR"),
        (Money(-150, "EUR"), "-1.50 EUR"),
        (Money(1_500, "JPY"), "1,500 JPY"),
        (Money(1_500, "XOF"), "1,500 XOF"),
        (Money(1_500, "KWD"), "1.500 KWD"),
        (Money(500, "UGX"), "5.00 UGX"),
    ],
)
def test_how_money_is_written(money: Money, written: str) -> None:
    assert str(money) == written
