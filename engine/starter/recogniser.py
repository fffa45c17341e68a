"""Says what a picture shows, by how the model itself would draw it: which things, where, how large, in which style and
on what background.

One thing after another is found: the drawing that explains most of what differs from the background, at any place and
size. Knows pixels and the album; nothing of words beyond their numbers, or of requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.slices import Slices
from engine.starter.album import Album
from engine.starter.backgrounds import background_set
from engine.starter.words import BACKGROUNDS, MAX_INSTANCES, PICTURE, SIZES, SPRITE_PIXELS, STYLES

STRIDE = 4  # pixels between places that are tried
CLIP = 60 / 255  # a pixel this far off is covered by something; how far it is off no longer matters
PLAIN_NOISE = 0.0005  # mean squared difference: less than this is the background alone
SURE = 0.8  # share of what differs in a box that the right drawing explains, at the places that the model knows
CLEAR = 0.35  # a further thing that explains less is not there
SMALLEST_THING = 6
BACKGROUNDS_TRIED = 3
MOST_LEFT = 0.012  # of what the model or the trainer drew it is .001, .003 at most; of photographs mostly more
MOST_LEFT_BARE = 0.003  # beyond it, a background has something on it that is not known
LEAST_SHARE = 0.72
DOUBTFUL = 0.25  # share of the picture by which the nearest background may lie ahead and still be doubted


@dataclass(frozen=True, slots=True)
class Thing:
    """`row` and `column` are the middle, in pixels of 64. `likeness` [nouns]: by how much each noun's best drawing
    there lessens the squared difference to the picture; the thing's own is the largest. `share`: how much of that
    difference it explains, in its box.
    """

    noun: int
    style: str
    size: str
    row: float
    column: float
    likeness: Tensor
    share: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """`left`: mean squared difference between the picture and what is drawn of it by background and things."""

    background: str
    things: tuple[Thing, ...]
    left: float

    @property
    def is_sure(self) -> bool:
        """Whether this is a picture of the kind that the model draws. Things may hide each other, so that only the
        clearest of them has to be clear.
        """
        if not self.things:
            return self.left < MOST_LEFT_BARE
        return self.left < MOST_LEFT and max(thing.share for thing in self.things) > LEAST_SHARE


class Recogniser:
    def __init__(self, drawings: Mapping[str, Drawings]) -> None:
        self._drawings = drawings
        shades = background_set()
        means = [torch.from_numpy(shades[name]).float().mean(dim=0) / 255 for name in BACKGROUNDS]
        self._backgrounds = torch.stack(means).permute(0, 3, 1, 2)

    @classmethod
    def of(cls, album: Album) -> Slices[Recogniser]:
        drawings = {}
        for size in SIZES:
            drawings[size] = Drawings(album.at_size(size))
            yield
        return cls(drawings)

    def look(self, picture: Tensor) -> Slices[Sighting]:
        """`picture` [3, 64, 64] in [0, 1]. Where things may hide the background, each that is likely is tried."""
        tries = []
        for name, behind in self._backgrounds_of(picture):
            things, drawn = yield from self._explain(picture, behind)
            tries.append(Sighting(name, things, _off(picture, drawn)))
        return min(tries, key=lambda sighting: sighting.left)

    def _explain(self, picture: Tensor, behind: Tensor) -> Slices[tuple[tuple[Thing, ...], Tensor]]:
        """The things, and the picture as they explain it."""
        things: list[Thing] = []
        while len(things) < MAX_INSTANCES and _off(picture, behind) > PLAIN_NOISE:
            yield
            found = yield from self._best(picture, behind)
            if not things and found.share < SURE:
                framed = self._best_framed(picture, behind)
                found = max(found, framed or found, key=lambda found: found.share)
            if found.gain < PLAIN_NOISE * picture.numel() or (things and found.share < CLEAR):
                break
            things.append(found.thing())
            if found.drawn is None:
                break
            behind = found.drawn
        return tuple(things), behind

    def _backgrounds_of(self, picture: Tensor) -> Iterator[tuple[str, Tensor]]:
        """The nearest of those known where nothing stands, in the picture's own shade; then others almost as near."""
        off = (picture - self._backgrounds).abs().mean(dim=1)
        far = off.clamp(max=CLIP).mean(dim=(1, 2))
        for index in far.argsort()[:BACKGROUNDS_TRIED].tolist():
            if far[index] > far.min() + DOUBTFUL * CLIP:
                break
            nearest = self._backgrounds[index]
            free = off[index] < CLIP
            if free.any():
                nearest = nearest + (picture - nearest)[:, free].median(dim=1).values.view(3, 1, 1)
            yield BACKGROUNDS[index], nearest

    def _best(self, picture: Tensor, behind: Tensor) -> Slices[_Found]:
        """Of all drawings, sizes and places, what explains most and leaves least unexplained where it stands."""
        founds = []
        for size, drawings in self._drawings.items():
            founds.append(drawings.find(size, picture, behind))
            yield
        return max(founds, key=lambda found: found.gain * found.share)

    def _best_framed(self, picture: Tensor, behind: Tensor) -> _Found | None:
        """What differs from the background, as one thing of whatever size, brought into the middle of the canvas."""
        rows, columns = ((picture - behind).abs().amax(dim=0) > CLIP / 2).nonzero(as_tuple=True)
        if len(rows) == 0:
            return None
        edges = [int(edge) for edge in (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)]
        top, bottom, left, right = edges
        longest = max(bottom - top, right - left)
        if longest < SMALLEST_THING:
            return None
        middle = ((top + bottom) / 2, (left + right) / 2)
        scale = longest / SPRITE_PIXELS["large"]
        framed, ground = (_brought_to_middle(whole, middle, scale) for whole in (picture, behind))
        found = self._drawings["large"].find("large", framed, ground)
        size = min(SIZES, key=lambda name: abs(SPRITE_PIXELS[name] - longest))
        return replace(found, size=size, row=middle[0], column=middle[1], drawn=None)


def _off(picture: Tensor, behind: Tensor) -> float:
    return (picture - behind).square().mean().item()


def _brought_to_middle(whole: Tensor, middle: tuple[float, float], scale: float) -> Tensor:
    """What is around `middle` (row, column) shrinks by `scale`; beyond the edge the edge goes on."""
    row, column = (2 * place / PICTURE - 1 for place in middle)
    places = torch.tensor([[[scale, 0.0, column], [0.0, scale, row]]])
    grid = F.affine_grid(places, [1, 3, PICTURE, PICTURE], align_corners=False)
    return F.grid_sample(whole[None], grid, mode="bilinear", padding_mode="border", align_corners=False)[0]


@dataclass(frozen=True, slots=True)
class _Found:
    """`gain`: by how much the squared difference to the picture falls; `share`: of what differs in its box.

    `gains` [drawings]: of all at the same place. `drawn`: the picture as explained so far, None if it stands elsewhere.
    """

    size: str
    drawing: int
    row: float
    column: float
    gain: float
    share: float
    gains: Tensor
    drawn: Tensor | None

    def thing(self) -> Thing:
        noun, style = divmod(self.drawing, len(STYLES))
        likeness = self.gains.view(-1, len(STYLES)).amax(dim=1)
        return Thing(noun, STYLES[style], self.size, self.row, self.column, likeness, self.share)


class Drawings:
    """Every noun in every style at one size. With colour c, alpha a and background b, a drawing differs from the
    background by c - a * b; its squared distance to a box that differs by t is a sum of products of c, a with t, b, so
    that all drawings meet all places in a few matrix products and none is ever composed.
    """

    def __init__(self, drawings: Tensor) -> None:
        self._side = drawings.shape[-1]
        self._drawings = drawings
        self._colour = drawings[:, :3].flatten(1)
        self._alpha = drawings[:, 3].flatten(1)
        self._both = (drawings[:, :3] * drawings[:, 3:]).flatten(1)
        self._squared_alpha = self._alpha.square()
        self._squared_colour = self._colour.square().sum(dim=1, keepdim=True)

    def find(self, size: str, picture: Tensor, behind: Tensor) -> _Found:
        target, back = (F.unfold(whole[None], self._side, stride=STRIDE)[0] for whole in (picture - behind, behind))
        gains = self._gains(target, back)
        shares = gains.clamp(min=0) / (target.square().sum(dim=0) + 1e-6)
        drawing, place = divmod(int((gains * shares).argmax()), gains.shape[1])
        row, column = divmod(place, (PICTURE - self._side) // STRIDE + 1)
        return _Found(
            size,
            drawing,
            row * STRIDE + self._side / 2,
            column * STRIDE + self._side / 2,
            gains[drawing, place].item(),
            shares[drawing, place].item(),
            gains[:, place],
            self._drawn_over(behind, drawing, row * STRIDE, column * STRIDE),
        )

    def _gains(self, target: Tensor, back: Tensor) -> Tensor:
        """[drawings, places], of boxes [3 * side * side, places]."""
        target_by_channel, back_by_channel = (boxes.unflatten(0, (3, -1)) for boxes in (target, back))
        along = self._colour @ target - self._alpha @ (target_by_channel * back_by_channel).sum(dim=0)
        length = self._squared_colour - 2 * self._both @ back
        length = length + self._squared_alpha @ back_by_channel.square().sum(dim=0)
        return 2 * along - length

    def _drawn_over(self, behind: Tensor, drawing: int, top: int, left: int) -> Tensor:
        rows, columns = slice(top, top + self._side), slice(left, left + self._side)
        colour, alpha = self._drawings[drawing].split((3, 1))
        whole = behind.clone()
        whole[:, rows, columns] = colour + (1 - alpha) * behind[:, rows, columns]
        return whole
