"""The prompt language: what a member typed becomes what is drawn, or a named error."""

from bot.domain.prompt.parameters import GenerationParams
from bot.domain.prompt.parse import ParsedPrompt, parse

__all__ = ["GenerationParams", "ParsedPrompt", "parse"]
