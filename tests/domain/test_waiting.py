"""Where a job stands is told again when half of the way is done."""

import pytest

from bot.domain.waiting import Waiting


@pytest.mark.parametrize(
    ("said", "now", "is_news"),
    [(8, 8, False), (8, 5, False), (8, 4, True), (2, 1, True), (1, 1, False), (3, 2, False), (4, 9, False)],
)
def test_half_of_the_way_is_news(said: int, now: int, is_news: bool) -> None:
    assert Waiting(now, None).is_news_after(Waiting(said, 90.0)) is is_news
