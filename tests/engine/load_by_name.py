"""Loads models whose names come in, line by line, and says what came of each: run as a program of its own, because the
hub's client reads its surroundings when it is imported."""

import sys

from bot.config import LogSettings
from bot.logs import set_up_logs
from engine.config import EngineConfig, ModelConfig
from engine.models import load_models
from engine.protocol import EngineStartError


def main() -> None:
    set_up_logs(LogSettings())
    for line in sys.stdin:
        model = ModelConfig("tiny", "stable-diffusion", line.strip())
        try:
            [loaded] = load_models(EngineConfig(models=(model,), device="cpu")).values()
        except EngineStartError as refusal:
            answer = str(refusal)
        else:
            answer = f"{loaded.traits.info.name} draws"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
