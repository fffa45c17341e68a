"""Saved styles: their makers' alone until shared, pictures and words both told, jobs keep what they were told."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from bot.domain.buttons import Action, Button
from bot.domain.errors import InvalidParameter, NotAllowed
from bot.domain.job import MessageRef
from bot.domain.prompt.style_codes import words_of
from bot.domain.saved_style import MAX_OF_MEMBER, SavedStyle
from bot.usecases.run_job import run_job
from bot.usecases.style_codes import list_styles, remove_style, save_style, share_style
from bot.usecases.submit_press import submit_press
from engine.protocol import Ability, ReferenceRole, RestyleRequest, WeightedPart
from tests.domain.factories import ANN, BOB
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.usecases.conftest import World, place_of

RED = "https://pictures.example/red.png"


@pytest.fixture
def shelf(world: World) -> World:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(buffer, "PNG")
    world.links.files[RED] = buffer.getvalue()
    world.engine = FakeEngine([replace(FAKE_MODEL, abilities=frozenset(Ability))])
    world.studio = replace(world.studio, engine=world.engine)
    return world


async def save(world: World, *urls: str, words: str = "", is_shared: bool = False) -> SavedStyle:
    return await save_style(urls, words, place_of(ANN), is_shared=is_shared, studio=world.studio)


async def test_a_number_stands_for_pictures_and_words(shelf: World) -> None:
    style = await save(shelf, RED, words="misty")
    shelf.links.files.clear()  # what was saved is kept
    job = await shelf.drawn(f"a fox --sref {style.code} --sw 200")
    [request] = shelf.engine.requests
    assert [(one.role, one.weight, one.pixels.rgb[:3]) for one in request.references] == [
        (ReferenceRole.STYLE, 2.0, b"\xff\x00\x00")
    ]
    assert request.parts == (WeightedPart("a fox"), WeightedPart("misty"))
    assert f"--sref {style.code}" in job.prompt


async def test_a_model_that_takes_no_styles_is_restyled(shelf: World) -> None:
    style = await save(shelf, RED)
    shelf.engine = FakeEngine([FAKE_MODEL])
    shelf.studio = replace(shelf.studio, engine=shelf.engine)
    await shelf.drawn(f"a fox --sref {style.code}")
    assert {type(request) for request in shelf.engine.others} == {RestyleRequest}
    assert {request.style.rgb[:3] for request in shelf.engine.others if isinstance(request, RestyleRequest)} == {
        b"\xff\x00\x00"
    }


async def test_nobody_else_may_use_it_before_its_maker_says_so(shelf: World) -> None:
    style = await save(shelf, RED)
    with pytest.raises(NotAllowed, match="has not shared it"):
        await shelf.imagine(f"a fox --sref {style.code}", BOB)
    with pytest.raises(NotAllowed, match="not yours"):
        await share_style(str(style.code), place_of(BOB), studio=shelf.studio)
    assert not (await list_styles(ANN, studio=shelf.studio))[0].is_shared
    await share_style(str(style.code), place_of(ANN), studio=shelf.studio)
    await shelf.drawn(f"a fox --sref {style.code}", BOB)
    assert len(shelf.engine.requests[0].references) == 1


async def test_jobs_keep_what_they_were_told(shelf: World) -> None:
    style = await save(shelf, RED, words="misty")
    job = await shelf.drawn(f"a fox --sref {style.code}")
    with pytest.raises(NotAllowed, match="not yours"):
        await remove_style(str(style.code), place_of(BOB), studio=shelf.studio)
    await remove_style(str(style.code), place_of(ANN), studio=shelf.studio)
    pressed = MessageRef(500, 900)
    again = await submit_press(Button(Action.REROLL, job.id), place_of(ANN), pressed, studio=shelf.studio)
    await run_job(await shelf.claim(again), studio=shelf.studio)
    first, second = shelf.engine.requests
    assert (first.references, first.parts) == (second.references, second.parts)
    await shelf.drawn(f"an owl --sref {style.code}")  # a plain number once more
    assert shelf.engine.requests[2].references == ()
    assert shelf.engine.requests[2].parts[1].text == ", ".join(words_of(style.code))


async def test_a_remix_may_name_it_too(shelf: World) -> None:
    style = await save(shelf, RED)
    job, pressed = await shelf.drawn("a fox"), MessageRef(500, 900)
    wording = f"an owl --sref {style.code}"
    remixed = await submit_press(
        Button(Action.REROLL, job.id), place_of(ANN), pressed, studio=shelf.studio, wording=wording
    )
    await run_job(await shelf.claim(remixed), studio=shelf.studio)
    assert len(shelf.engine.requests[1].references) == 1


async def test_what_cannot_be_saved_says_why(shelf: World) -> None:
    with pytest.raises(InvalidParameter, match="of pictures, of words, or of both"):
        await save(shelf)
    with pytest.raises(InvalidParameter, match="without parameters and weights"):
        await save(shelf, words="misty --ar 3:2")
    for number in range(MAX_OF_MEMBER):
        await save(shelf, words=f"misty {number}")
    with pytest.raises(NotAllowed, match="Remove one before"):
        await save(shelf, words="one more")
    for code, told in (("12x", "no number of a style"), ("5", "Nobody saved a style as 5")):
        with pytest.raises(InvalidParameter, match=told):
            await share_style(code, place_of(ANN), studio=shelf.studio)
