"""The studio's pages as sections, and the search for the one that answers a question."""

import pytest

from bot.domain.guide import Guide, Section, read_page
from bot.pages import ANSWERS, PAGES, read_guide
from bot.ui.commands.guide import CHOICE_LIMIT, TEXT_LIMIT

EXAMPLE = """# Pictures

Intro.

## Shapes

Wide or tall.

| parameter | value | does |
| --- | --- | --- |
| `--ar`, `--aspect` | `W:H` | shape of the picture |
| `--seed` | – | the noise |

## Empty
## Last

The end.
"""


@pytest.fixture(scope="module")
def studio() -> Guide:
    return read_guide((*ANSWERS, *PAGES))


def test_headings_and_rows_become_sections() -> None:
    assert read_page(EXAMPLE) == [
        Section("Pictures", "Pictures", "Intro."),
        Section("Pictures", "Shapes", "Wide or tall."),
        Section("Pictures", "--ar, --aspect", "**value**: `W:H`\n**does**: shape of the picture"),
        Section("Pictures", "--seed", "**does**: the noise"),
        Section("Pictures", "Last", "The end."),
    ]


def test_a_section_reads_in_a_chat_as_it_does_in_the_page() -> None:
    code = "```\na\nb\n```"
    page = f"# Page\n\nOne line\nand its rest, see [there](there.md).\n\n- a point\n- another\n\n{code}\nEnd [out](https://x.y)."
    assert read_page(page)[0].text == (
        "One line and its rest, see there.\n\n- a point\n- another\n\n```\na\nb\n```\nEnd [out](https://x.y)."
    )


def test_every_section_fits_into_a_message_and_can_be_chosen_from_a_list() -> None:
    for names in (PAGES, ANSWERS):
        sections = read_guide(names).sections
        assert [one.title for one in sections if len(one.text) > TEXT_LIMIT or len(one.title) > CHOICE_LIMIT] == []
        assert len({one.title for one in sections}) == len(sections)


@pytest.mark.parametrize("name", ["--ar", "--aspect", "--AR"])
def test_a_name_finds_what_explains_it(studio: Guide, name: str) -> None:
    section = studio.find(name)
    assert section is not None
    assert section.title == "--ar, --aspect"
    assert studio.search(f"what does {name} do")[0] == section
    assert studio.offer(name)[0] == section


@pytest.mark.parametrize("page", ["", "no heading at all", "| a |", "## only a heading"])
def test_any_text_is_a_page(page: str) -> None:
    assert read_page(page) == []


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("how can I change the shape?", "How do I change the shape of a picture?"),
        ("what does --chaos do", "--chaos, --c"),
        ("queue full??", 'What does "Queue full" mean?'),
        ("who sees my pictures", "Who can see my pictures?"),
        ("how do I delete a picture", "How do I delete a picture?"),
        ("what is /turbo", "/turbo"),
        ("several prompts at once", "How do I draw several prompts at once?"),
        ("stealth plan", "/stealth"),
        ("what does U1 do", "What do the buttons under a grid do?"),
        ("what do the buttons do", "What do the buttons under a grid do?"),
        ("how do I make it wide?", "How do I change the shape of a picture?"),
        ("how can I make two at once", "How do I draw several prompts at once?"),
        ("make it bigger", "How do I make a picture larger?"),
        ("how do I pan", "How do I see more around a picture?"),
        ("does this cost something", "What does a picture cost?"),
        ("use my own picture", "How do I use a picture of my own?"),
        ("what is kept of my data", "What is kept of me?"),
    ],
)
def test_questions_find_their_answers(studio: Guide, question: str, title: str) -> None:
    assert title in [section.title for section in studio.search(question)]


@pytest.mark.parametrize("question", ["", "the of and", "xyzzy", "💥"])
def test_what_no_page_knows_is_not_answered(studio: Guide, question: str) -> None:
    assert studio.search(question) == []


def test_no_page_no_answer() -> None:
    assert Guide(()).search("a fox") == []


def test_offers_follow_what_is_typed(studio: Guide) -> None:
    assert "--seed, --sameseed" in [section.title for section in studio.offer("SEED")]
    assert len(studio.offer("")) == 25
    titles = [section.title for section in studio.offer("-", limit=1_000)]
    assert len(titles) == len(set(titles))
    assert all(studio.find(title) for title in titles)


def test_every_section_fits_into_an_answer(studio: Guide) -> None:
    assert all(section.text and len(section.text) <= 4_000 and len(section.title) <= 100 for section in studio.sections)
