"""A page knows what is before and after it."""

import pytest

from bot.domain.gallery import Page


@pytest.mark.parametrize(
    ("total", "number", "pages", "before", "after"),
    [
        (0, 0, 1, False, False),
        (24, 0, 1, False, False),
        (25, 0, 2, False, True),
        (25, 1, 2, True, False),
        (72, 1, 3, True, True),
    ],
)
def test_pages(total: int, number: int, pages: int, before: bool, after: bool) -> None:
    page = Page((), number, 24, total)
    assert (page.page_count, page.has_previous, page.has_next) == (pages, before, after)
