"""A model with a fixed list of words is told in words what pictures show."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from PIL import Image

from bot.domain.job import JobKind
from bot.usecases.run_job import run_job
from bot.usecases.submit_imagine import Submitted, submit_imagine
from engine.protocol import (
    Ability,
    Described,
    DescribeRequest,
    Event,
    Failed,
    FailureCode,
    GenerateRequest,
    Request,
    WeightedPart,
)
from tests.domain.factories import ANN
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.usecases.conftest import World, place_of

FOX, OWL = "https://pictures.example/fox.png", "https://pictures.example/owl.png"
FEW = replace(
    FAKE_MODEL,
    vocabulary=("fox", "owl", "cat", "snow", "night", "red", "background", "flat"),
    scenery=("snow", "night", "red", "background"),
    abilities=frozenset(Ability) - {Ability.STYLE_REFERENCE},
)


@dataclass
class Seer(FakeEngine):
    """Sees in a picture what its first pixel says."""

    saying: dict[bytes, str] = field(default_factory=dict)
    refusal: FailureCode = FailureCode.INVALID_REQUEST

    def __post_init__(self) -> None:
        super().__init__([FEW])

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        if isinstance(request, DescribeRequest):
            seen = self.saying.get(request.pixels.rgb[:3])
            yield Described((seen,), 1.0) if seen else Failed(self.refusal, "nobody looks here")
            return
        async for event in super().generate(request):
            yield event


def put(world: World, url: str, colour: tuple[int, int, int]) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), colour).save(buffer, "PNG")
    world.links.files[url] = buffer.getvalue()


@pytest.fixture
def seeing(world: World) -> World:
    put(world, FOX, (200, 100, 0))
    put(world, OWL, (0, 0, 100))
    saying = {bytes((200, 100, 0)): "a flat fox, red background", bytes((0, 0, 100)): "an owl at night"}
    world.engine = Seer(saying=saying)
    world.studio = replace(world.studio, engine=world.engine)
    return world


async def told(world: World, prompt: str) -> tuple[GenerateRequest, tuple[str, ...]]:
    job = await world.drawn(prompt)
    return world.engine.requests[0], job.notes


async def test_blended_pictures_are_parts_of_one_prompt(seeing: World) -> None:
    submitted = await submit_imagine(f"{FOX} {OWL}::2", place_of(ANN), studio=seeing.studio, kind=JobKind.BLEND)
    assert isinstance(submitted, Submitted)
    await run_job(await seeing.claim(submitted.jobs[0]), studio=seeing.studio)
    [request] = seeing.engine.requests
    assert [part.text for part in request.parts] == ["a flat fox, red background", "an owl at night"]
    assert request.parts[1].weight == 2 * request.parts[0].weight
    assert request.references == ()
    job = await seeing.job(submitted.jobs[0].id)
    assert job.engine_seconds == 2.25
    assert "fake is told of pictures in words. In one it saw: an owl at night." in job.notes


async def test_an_image_prompt_stands_beside_the_words(seeing: World) -> None:
    request, _ = await told(seeing, f"{OWL} a cat --iw .5")
    assert request.parts == (WeightedPart("a cat"), WeightedPart("an owl at night", 0.5))


@pytest.mark.parametrize("name", ["--cref", "--oref"])
async def test_of_a_character_or_a_thing_what_stands_behind_it_is_left_out(seeing: World, name: str) -> None:
    version = "--v 6" if name == "--cref" else "--v 7"
    request, _ = await told(seeing, f"in the snow {name} {FOX} {version}")
    assert request.parts == (WeightedPart("in the snow"), WeightedPart("a flat fox"))


async def test_what_the_words_name_is_not_drawn_twice(seeing: World) -> None:
    request, _ = await told(seeing, f"a fox in the snow --cref {FOX} --v 6")
    assert request.parts == (WeightedPart("a fox in the snow"),)


@pytest.mark.parametrize("refusal", [FailureCode.INVALID_REQUEST, FailureCode.MODEL_BROKEN])
async def test_what_nobody_can_tell_is_started_from(seeing: World, refusal: FailureCode) -> None:
    put(seeing, FOX, (1, 2, 3))
    assert isinstance(seeing.engine, Seer)
    seeing.engine.refusal = refusal
    request, notes = await told(seeing, f"{FOX} a cat")
    assert (request.prompt, len(request.references)) == ("a cat", 1)
    assert any("started from its colours" in note for note in notes)


async def test_an_unheard_picture_is_no_trouble_for_the_others(seeing: World) -> None:
    put(seeing, FOX, (1, 2, 3))
    request, _ = await told(seeing, f"{FOX} {OWL} a cat")
    assert request.parts == (WeightedPart("a cat"), WeightedPart("an owl at night"))
    assert [one.pixels.rgb[:3] for one in request.references] == [bytes((1, 2, 3))]
