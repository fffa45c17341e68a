"""Whether the parts of a prompt fit together: parameters with the version, with each other, with pictures and plan."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.domain.errors import EmptyPrompt, InvalidParameter, InvalidPrompt, NotInPlan
from bot.domain.exact import NO_RELAX, NO_RELAXED_BATCH
from bot.domain.prompt.characters import says_something
from bot.domain.prompt.parameters import GenerationParams, Speed, Visibility
from bot.domain.prompt.preferences import PromptPreferences
from bot.domain.prompt.split import Given
from bot.domain.prompt.table import NAMES, Parameter
from bot.domain.prompt.versions import (
    ANY,
    IMAGE_PROMPTS,
    NEGATIVE_IMAGE_WEIGHTS,
    NIJI,
    NUMBERED,
    max_ratio,
    name_version,
)
from bot.domain.said import Said, joined


@dataclass(frozen=True, slots=True)
class PromptRules:
    """What the member's plan and the studio allow.

    `models` says which model draws which version: keys are versions (`7`, `niji 6`, `test`), `niji` or `v` for a
    whole line, and the empty key for prompts that name none.
    """

    batch_limit: int = 10
    has_relax: bool = True
    has_stealth: bool = True
    takes_zoom: bool = False
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def check_version(parameter: Parameter, version: str) -> None:
    if version in parameter.versions:
        return
    known = [key for key in (*NUMBERED, *NIJI) if key in parameter.versions]
    works = ", ".join(f"`--{'' if key in NIJI else 'v '}{key}`" for key in known[-3:])
    raise InvalidParameter(
        joined(
            f"`--{parameter.name}` is not compatible with `{name_version(version)}`.",
            Said("It works with {works}, and when no version is named.", works=works),
        )
    )


def check_together(params: GenerationParams, given: Iterable[Given], rules: PromptRules) -> None:
    """Raises a `PromptError` for the first thing that does not fit."""
    names = {one.name for one in given}
    _check_needs(names)
    _check_content(params)
    _check_images(params)
    _check_shape(params)
    if params.omni_reference and (params.quality == 4 or params.draft):
        other = "draft" if params.draft else "quality 4"
        raise InvalidParameter(joined(f"`--oref` is not compatible with `--{other}`.", Said("Leave one of them out.")))
    if params.zoom is not None and not rules.takes_zoom:
        raise InvalidParameter("`--zoom` works only in the form of the button Custom Zoom, under a finished picture.")


def check_plan(params: GenerationParams, job_count: int, preferences: PromptPreferences, rules: PromptRules) -> None:
    speed, visibility = params.speed or preferences.speed, params.visibility or preferences.visibility
    if speed is Speed.RELAX and not rules.has_relax:
        raise NotInPlan(joined(NO_RELAX, Said("Use `--fast`.")))
    if visibility is Visibility.STEALTH and not rules.has_stealth:
        raise NotInPlan("Your plan has no stealth mode. Leave `--stealth` out, or switch back with `/public`.")
    if speed is Speed.RELAX and job_count > 1:
        raise InvalidParameter(joined(NO_RELAXED_BATCH, Said("Add `--fast`, or send one at a time.")))


def _check_needs(names: Collection[str]) -> None:
    for name in names:
        needed = NAMES[name].needs
        if not needed or needed in names:
            continue
        if needed == "sref":
            raise InvalidParameter(
                "`--{name}` requires style reference: add `--sref` with a link or a number.", name=name
            )
        raise InvalidParameter(
            "`--{name}` means something only together with `--{needed}`; add it.", name=name, needed=needed
        )


def _check_content(params: GenerationParams) -> None:
    has_text = says_something(params.text)
    if params.video and not params.images:
        raise InvalidParameter("`--video` needs a picture to start from: put a link before the text.")
    if not has_text and (not params.images or params.style_references):
        raise EmptyPrompt
    if not has_text and len(params.images) == 1 and not params.video:
        more = Said("Add some words, or a second picture.")
        if not params.version:
            raise InvalidPrompt(joined(Said("There is only a single image prompt."), more))
        lonely = Said("Cannot use `{version}` with only a single image prompt.", version=name_version(params.version))
        raise InvalidPrompt(joined(lonely, more))


def _check_images(params: GenerationParams) -> None:
    version = params.version
    if params.images and version not in IMAGE_PROMPTS:
        raise InvalidParameter(
            "Image prompts are not compatible with `{version}`; leave the links out.", version=name_version(version)
        )
    if version not in NEGATIVE_IMAGE_WEIGHTS and any(image.weight < 0 for image in params.images):
        raise InvalidParameter(
            "Negative image weights are not compatible with `{version}`.", version=name_version(version)
        )
    if params.images and sum(image.weight for image in params.images) <= 0:
        raise InvalidPrompt("The weights of the pictures must add up to more than 0; raise one of them.")


def _check_shape(params: GenerationParams) -> None:
    width, height = params.aspect
    widest = max_ratio(params.version, hd=params.hd and params.version not in ("1", "2", "3"))
    low, high = f"1:{widest:g}", f"{widest:g}:1"
    if max(width / height, height / width) > widest:
        shape, limits = f"--ar {width}:{height}", Said("Use a shape between {low} and {high}.", low=low, high=high)
        if params.version == ANY:
            raise InvalidParameter(joined(Said("`{shape}` is too narrow.", shape=shape), limits))
        narrow = Said("`{shape}` is too narrow with `{version}`.", shape=shape, version=name_version(params.version))
        raise InvalidParameter(joined(narrow, limits))
