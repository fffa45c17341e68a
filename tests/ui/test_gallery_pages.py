"""A gallery's buttons hold its whole state: what they are made of comes back out of their ids."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.gallery import Page
from bot.domain.job import JobId, JobKind, PictureRef, UserId, new_job_id
from bot.ui.render_gallery import list_prompts, page_embed
from bot.ui.views.gallery_pages import (
    SEARCH_LIMIT,
    GalleryButton,
    MoveJob,
    OpenPicture,
    ShowJob,
    TurnPage,
    page_actions,
    parse_gallery_button,
    picture_actions,
)
from tests.domain.factories import ANN, BOB, a_job, a_picture
from tests.ui.test_job_actions import rows_of

turns = st.builds(
    TurnPage,
    number=st.integers(-1, 99_999),
    owner_id=st.none() | st.integers(1, 2**64 - 1).map(UserId),
    text=st.text(max_size=SEARCH_LIMIT).map(lambda text: " ".join(text.split())),
    trashed=st.booleans(),
)
opens = st.builds(
    OpenPicture, st.builds(PictureRef, st.uuids(version=4).map(lambda u: JobId(str(u))), st.integers(0, 3))
)
moves = st.builds(MoveJob, st.uuids(version=4).map(lambda u: JobId(str(u))), st.booleans())


shows = st.builds(ShowJob, st.uuids(version=4).map(lambda u: JobId(str(u))))


@given(turns | opens | moves | shows)
def test_ids_fit_and_come_back(button: GalleryButton) -> None:
    assert len(button.custom_id) <= 100
    assert parse_gallery_button(button.custom_id) == button


@given(st.text(max_size=100))
def test_foreign_ids_mean_nothing(custom_id: str) -> None:
    assert parse_gallery_button(custom_id) is None


def a_page(count: int, number: int = 0, total: int = 100) -> Page:
    return Page(tuple(a_picture(new_job_id()) for _ in range(count)), number, 9, total)


def test_a_made_up_id_does_not_open_the_trash_of_others() -> None:
    turn = parse_gallery_button(TurnPage(0, ANN, trashed=True).custom_id)
    assert isinstance(turn, TurnPage)
    assert turn.query_of(BOB).owner_id == BOB
    assert TurnPage(0, ANN).query_of(BOB).owner_id == ANN


def test_numbers_then_arrows() -> None:
    """The numbers stand as the pictures do."""
    *numbers, arrows = rows_of(page_actions(a_page(9), TurnPage(0, ANN)))
    assert [[button["label"] for button in row] for row in numbers] == [
        ["1", "2", "3"],
        ["4", "5", "6"],
        ["7", "8", "9"],
    ]
    assert [arrow["disabled"] for arrow in arrows] == [True, False]


def test_the_last_page_has_no_next() -> None:
    *_, arrows = rows_of(page_actions(a_page(1, number=11), TurnPage(11, ANN)))
    assert [arrow["disabled"] for arrow in arrows] == [False, True]


def test_arrows_keep_the_query() -> None:
    turn = TurnPage(3, BOB, "red :: fox", trashed=True)
    *_, (before, after) = rows_of(page_actions(a_page(9, number=3), turn))
    assert parse_gallery_button(before["custom_id"]) == TurnPage(2, BOB, "red :: fox", trashed=True)
    assert parse_gallery_button(after["custom_id"]) == TurnPage(4, BOB, "red :: fox", trashed=True)


def test_only_the_owner_can_move_a_picture() -> None:
    job = a_job(user_id=ANN)
    assert picture_actions(job, BOB, is_trashed=False, can_show=True) is None
    mine = picture_actions(job, ANN, is_trashed=False, can_show=True)
    assert mine
    ((show, move),) = rows_of(mine)
    assert parse_gallery_button(show["custom_id"]) == ShowJob(job.id)
    assert parse_gallery_button(move["custom_id"]) == MoveJob(job.id, into_trash=True)
    assert move["label"] == "Move all 4 to the trash"


def test_a_trashed_picture_can_be_taken_out() -> None:
    job = a_job(kind=JobKind.UPSCALE, user_id=ANN)
    mine = picture_actions(job, ANN, is_trashed=True, can_show=True)
    assert mine
    ((button,),) = rows_of(mine)
    assert button["custom_id"].startswith("EASEL::restore::")
    assert button["label"] == "Take out of the trash"


def test_nothing_is_posted_where_the_bot_is_no_member() -> None:
    mine = picture_actions(a_job(user_id=ANN), ANN, is_trashed=False, can_show=False)
    assert mine
    ((button,),) = rows_of(mine)
    assert button["custom_id"].startswith("EASEL::trash::")


def test_what_pictures_share_is_read_once() -> None:
    pictures = tuple(a_picture(new_job_id(), prompt=prompt) for prompt in ("a fox", "an owl", "an owl", "a fox"))
    assert list_prompts(Page(pictures, 0, 9, 4)) == [("1", "a fox"), ("2-3", "an owl"), ("4", "a fox")]


def test_a_page_of_long_prompts_fits_into_an_embed() -> None:
    pictures = tuple(a_picture(new_job_id(), prompt="*_`|" * 450 + str(n)) for n in range(9))
    embed = page_embed(Page(pictures, 0, 9, 9), TurnPage(0, ANN))
    assert len(embed.description or "") <= 4_096
    assert len((embed.description or "").splitlines()) == 10
