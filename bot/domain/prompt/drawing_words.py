"""Parameters that speak to the model in words: odd ones for `--weird`, a style's name, the manner of niji."""

from bot.domain.prompt.capabilities import Capabilities
from bot.domain.prompt.looks import LOOKS
from bot.domain.prompt.parameters import GenerationParams, PromptPart
from bot.domain.prompt.versions import NIJI

ODD_WORDS = ("surreal", "uncanny", "eccentric", "dreamlike", "off-kilter", "otherworldly", "absurd", "grotesque")
STYLE_WORDS = {word: word for word in ("cute", "expressive", "scenic")} | {
    look.name: look.words for look in LOOKS.values()
}
NIJI_WORDS = "anime style"


def added_words(params: GenerationParams) -> list[str]:
    """Always the same ones for the same seed."""
    words = [STYLE_WORDS[params.style]] if params.style in STYLE_WORDS else []
    if params.version in NIJI and not params.model:
        words.append(NIJI_WORDS)
    odd_count = 1 + min(2, params.weird // 1000) if params.weird else 0
    return words + [ODD_WORDS[(params.seed + index) % len(ODD_WORDS)] for index in range(odd_count)]


def reads(words: str, capabilities: Capabilities) -> bool:
    return not capabilities.vocabulary or all(word in capabilities.vocabulary for word in words.split())


def name_reason(word: str) -> str:
    """The parameter that adds the word."""
    if word in ODD_WORDS:
        return "`--weird`"
    return "`--niji`" if word == NIJI_WORDS else "`--style`"


def weigh_parts(params: GenerationParams, words: list[str], personal: list[PromptPart]) -> tuple[PromptPart, ...]:
    """The positive parts, the odd words as one more that weighs the heavier the weirder, and those of a style."""
    parts = tuple(part for part in params.parts if part.weight > 0)
    odd = ", ".join(word for word in words if word in ODD_WORDS)
    plain = ", ".join(word for word in words if word not in ODD_WORDS)
    if not parts and not odd and not personal:
        return ()
    if params.text and not parts:
        parts = (PromptPart(params.text),)
    usual = sum(part.weight for part in parts) / len(parts) if parts else 1.0
    more = [PromptPart(plain, usual)] if plain else []
    oddities = [PromptPart(odd, usual * params.weird / 3000)] if odd else []
    return (*parts, *more, *oddities, *(PromptPart(part.text, usual * part.weight) for part in personal))
