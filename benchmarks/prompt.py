"""`python -m benchmarks.prompt`: how quickly prompts are read, and whether time grows with their length only.

- `prompts_per_second`: prompts as people write them, read, checked and echoed one after the other.
- `growth`: time per character at 6,000 characters divided by that at 600, the worst of all shapes, hostile ones too.

`--fuzz N` reads N prompts that hypothesis makes up, each with odd preferences, and counts `crashes` (an exception that
is no refusal, an echo that does not come back the same) and `hangs` (more than 50 ms of the processor). The first of
each are shown, and the command fails when there was any. `--seed` begins elsewhere.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bot.domain.errors import PromptError
from bot.domain.prompt import PromptPreferences, PromptRules, parse_submission

PEOPLES = (
    "harbour at dusk —ar 16:9",
    "portrait of an old fisherman, weathered face, window light, film grain --ar 2:3 --style raw --s 250 --v 6.1",
    "isometric pixel art bakery, warm colours, cosy, tiny details --niji 6 --ar 1:1 --no text, people",
    "space::2 ship:: rust::-.3 --c 20 --seed 7",
    "https://example.org/a.png https://example.org/b.jpg a knight in a misty forest --iw 1.5 --ar 3:2",
    'a shop sign that reads "OPEN — 24h", neon, rain',
    "a {red, {pale, deep} blue} owl --ar {1:1, 16:9}",
    "猫 夜の港 --niji 6 --ar 2:3",
    "owl --sref random 8831 --sw 300 --repeat 3",
    "owl\nin fog –ar 3:2 --q 2 --weird 500 --stop 90",
)

SHAPES = {
    "words": "a quiet harbour at dusk, ",
    "parameters": "--ar 3:2 --no red, blue ",
    "unknown": "--foo bar ",
    "weights": "fox::2 ",
    "colons": "::",
    "braces": "{",
    "pairs": "{}",
    "choices": "{a} ",
    "nested": "{a {b} ",
    "escapes": "\\{\\,",
    "backslashes": "\\",
    "dashes": "—",
    "mixed dashes": "–-",
    "dash names": " –ar",
    "spaced dashes": " -- ar",
    "stars": "* ** ",
    "backticks": "`a",
    "quotes": '"a ',
    "curly quotes": "“",
    "links": "https://ex.org/a.png::2 ",
    "angles": "<https://x>",
    "slashes": "http://",
    "digits": "1",
    "weight digits": "::1",
    "commas": "--no ,",
    "invisible": "\u200b",
    "spaces": " \n",
    "full width": "－－ar １６：９ ",
}


def read(raw: str, preferences: PromptPreferences | None = None) -> int:
    """How many prompts came of it."""
    numbers = count(1)
    try:
        rules = PromptRules(batch_limit=40)
        submission = parse_submission(raw, draw=lambda: next(numbers), preferences=preferences, rules=rules)
    except PromptError:
        return 0
    return len(submission.prompts)


def measure(rounds: int) -> dict[str, object]:
    growths = {name: _growth(piece, rounds) for name, piece in SHAPES.items()}
    for name, growth in sorted(growths.items(), key=lambda item: -item[1])[:5]:
        print(f"{name}: {growth:.2f}", file=sys.stderr)
    worst = max(growths, key=growths.__getitem__)
    return {
        "prompts_per_second": round(_prompts_per_second(rounds)),
        "growth": round(growths[worst], 3),
        "worst_shape": worst,
        "shapes": len(SHAPES),
        "machine": _machine(),
    }


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores"


def _prompts_per_second(rounds: int) -> float:
    made = sum(map(read, PEOPLES))
    return made / statistics.median(_seconds(lambda: [read(raw) for raw in PEOPLES], 20) for _ in range(rounds))


def _growth(piece: str, rounds: int) -> float:
    """The quickest of each, for what else runs here only ever adds."""
    short, long = ((piece * 6_000)[:length] for length in (600, 6_000))
    quick = min(_seconds(lambda: read(short), 20) for _ in range(rounds))
    slow = min(_seconds(lambda: read(long), 2) for _ in range(rounds))
    return slow / 10 / quick


def _seconds(work: Callable[[], object], times: int) -> float:
    begun = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - begun) / times


PIECES = (
    *SHAPES.values(),
    *(" ", ",", "{", "}", "\\", "-", "—", "*", ":", '"', "<", ">", "fox", "1", ".5", "raw", "random", "猫", "\ud800"),
    *(" --ar 3:2", " --v 7", " --niji", " --q 3", " --sref random", " --r 2", " --p", " --video", " --a", " --b"),
    *(" --style raw", " --style cute", " --seed 1", " --test", " --uplight", " --cref <https://x.org>", " --raw"),
)
LIMIT_SECONDS = 0.05
SHOWN = 3
PROMPTS_OF_AN_EXAMPLE = 100


def make_up(chance: random.Random) -> str:
    """Letters of any script, pieces of the language side by side, or one piece until the line is full."""
    match chance.randrange(8):
        case 0:
            return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(40)))
        case 1:
            return "".join(chr(chance.randrange(0x80)) for _ in range(chance.randrange(200)))
        case 2 if chance.randrange(10) == 0:
            return (chance.choice(PIECES) * chance.randrange(6_000) + chance.choice(PIECES))[-6_000:]
        case 3:
            return "".join(chance.choices(PEOPLES)[0].split(" ")) + chance.choice(PIECES)
        case form:
            pieces = chance.choices(PIECES, k=chance.randrange(30))
            return ("fox " if form % 2 else "") + ("" if form % 3 else " ").join(pieces)


@dataclass
class Fuzz:
    """What reading made-up prompts came to."""

    fuzzed: int = 0
    accepted: int = 0
    crashes: int = 0
    hangs: int = 0
    slowest: float = 0.0
    seconds: float = 0.0

    def read(self, raw: str, stored: str) -> None:
        preferences = PromptPreferences({"a": stored, "b": raw[:50]}, suffix=stored if len(stored) % 2 else "")
        self.fuzzed += 1
        try:
            self._time(raw, preferences)
            _check_echo(raw)
        except Exception:
            self.crashes += 1
            if self.crashes <= SHOWN:
                print(f"crash: {raw!r} with {stored!r}\n{traceback.format_exc()}", file=sys.stderr)

    def _time(self, raw: str, preferences: PromptPreferences) -> None:
        begun = time.thread_time()
        self.accepted += bool(read(raw, preferences))
        taken = time.thread_time() - begun
        self.seconds += taken
        if taken > LIMIT_SECONDS:  # again, for the collector or a neighbour may have been at work
            taken = min(_seconds(lambda: read(raw, preferences), 1) for _ in range(3))
        self.slowest = max(self.slowest, taken)
        if taken > LIMIT_SECONDS:
            self.hangs += 1
            if self.hangs <= SHOWN:
                print(f"{taken * 1000:.0f} ms: {raw!r} with {preferences!r}", file=sys.stderr)


def fuzz(number: int, begin: int) -> dict[str, object]:
    """Hypothesis chooses where chance begins, for its own texts would take an hour; each start gives many prompts."""
    done = Fuzz()

    @seed(begin)
    @settings(
        max_examples=-(-number // PROMPTS_OF_AN_EXAMPLE),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**64))
    def survive(start: int) -> None:
        chance = random.Random(start)
        for _ in range(PROMPTS_OF_AN_EXAMPLE):
            done.read(make_up(chance), make_up(chance)[:200])

    survive()
    return {
        "fuzzed": done.fuzzed,
        "accepted": done.accepted,
        "crashes": done.crashes,
        "hangs": done.hangs,
        "slowest_ms": round(1000 * done.slowest, 2),
        "prompts_per_second": round(done.fuzzed / done.seconds),
        "seed": begin,
        "machine": _machine(),
    }


def _check_echo(raw: str) -> None:
    try:
        prompt = parse_submission(raw, draw=lambda: 7, rules=PromptRules(batch_limit=1)).prompts[0]
    except PromptError:
        return
    again = parse_submission(prompt.echo, draw=lambda: 7, rules=PromptRules(batch_limit=1)).prompts[0]
    assert again == prompt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--fuzz", type=int, default=0, metavar="N", help="read N made-up prompts instead of measuring")
    parser.add_argument("--seed", type=int, default=0, help="where the made-up prompts begin")
    options = parser.parse_args()
    figures = fuzz(options.fuzz, options.seed) if options.fuzz else measure(options.rounds)
    print(json.dumps(figures))
    if figures.get("crashes") or figures.get("hangs"):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
