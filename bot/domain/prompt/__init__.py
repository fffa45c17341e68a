"""The prompt language: what a member typed becomes what is drawn, or a named error."""

from bot.domain.prompt.capabilities import Capabilities
from bot.domain.prompt.checks import PromptRules
from bot.domain.prompt.drawing import DrawingPlan, plan_drawing
from bot.domain.prompt.echo import shorten_echo
from bot.domain.prompt.parameters import GenerationParams, Speed, Visibility, load_params
from bot.domain.prompt.parse import ParsedPrompt, Submission, parse, parse_submission
from bot.domain.prompt.preferences import PromptPreferences, check_option, check_suffix, find_mentions

__all__ = [
    "Capabilities",
    "DrawingPlan",
    "GenerationParams",
    "ParsedPrompt",
    "PromptPreferences",
    "PromptRules",
    "Speed",
    "Submission",
    "Visibility",
    "check_option",
    "check_suffix",
    "find_mentions",
    "load_params",
    "parse",
    "parse_submission",
    "plan_drawing",
    "shorten_echo",
]
