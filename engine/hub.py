"""Models that are named by a Hugging Face id: brought into the hub's cache on this machine, with progress in the log.

What cannot be had ends in one sentence that says what to do. Knows no family and loads no torch.
"""

import io
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.protocol import EngineStartError

if TYPE_CHECKING:
    from huggingface_hub import DryRunFileInfo

log = logging.getLogger(__name__)

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
TOKEN_VARIABLE = "HF_TOKEN"
DESCRIPTIONS = ("*.json", "*.txt", "*.model")
WEIGHTS = ("*.safetensors",)
VARIANTS = ("*.fp16*.safetensors", "*.bf16*.safetensors", "*.non_ema*.safetensors")
"""The same weights once more in another precision, which are not read."""
LINES = 10
"""Into the log while a model comes in."""


def is_hub_id(source: str) -> bool:
    return HUB_ID.fullmatch(source) is not None and not source.endswith(".safetensors") and not Path(source).exists()


def fetch_model(source: str, parts: Sequence[str], described: Sequence[str] = ()) -> Path:
    """The model's folder in the cache, with its `parts` and, without their weights, what else is to be `described`.

    What is there already is not fetched again. Raises `EngineStartError`.
    """
    wanted = [f"{part}/{pattern}" for part in parts for pattern in DESCRIPTIONS + WEIGHTS]
    wanted += [f"{part}/{pattern}" for part in described for pattern in DESCRIPTIONS]
    return fetch_files(source, ["model_index.json", *wanted], VARIANTS)


def fetch_files(source: str, patterns: Sequence[str], unwanted: Sequence[str] = ()) -> Path:
    """Where the cache has those files of an id. Raises `EngineStartError`."""
    from huggingface_hub import snapshot_download

    chosen: dict[str, Any] = {"allow_patterns": list(patterns), "ignore_patterns": list(unwanted)}
    with _told(source):
        _download(source, [file for file in _list_files(source, chosen) if file.will_download])
        return Path(snapshot_download(source, tqdm_class=_watched_by(Tally(source, 0)), **chosen))


def _list_files(source: str, chosen: dict[str, Any]) -> "list[DryRunFileInfo]":
    """What the hub has of it. Nothing when the hub cannot be asked, for the cache may hold everything."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError

    try:
        return snapshot_download(source, dry_run=True, tqdm_class=_watched_by(Tally(source, 0)), **chosen)
    except DryRunError:
        return []


def _download(source: str, files: "Sequence[DryRunFileInfo]") -> None:
    from huggingface_hub import hf_hub_download

    if not files:
        return
    tally = Tally(source, sum(file.file_size or 0 for file in files))
    log.info("downloading %s: %d files, %s", source, len(files), _as_text(tally.total))
    for file in files:
        hf_hub_download(source, file.filename, revision=file.commit_hash, tqdm_class=_watched_by(tally))


class Tally:
    """Bytes of one model as they come in, with a line in the log now and then."""

    def __init__(self, source: str, total: int) -> None:
        self.total = total
        self._source = source
        self._done = 0.0
        self._lines = 0

    def add(self, count: float) -> None:
        self._done += count
        due = int(LINES * self._done / self.total) if self.total else 0
        if due > self._lines:
            self._lines = due
            log.info("downloading %s: %d%% of %s", self._source, 100 * due // LINES, _as_text(self.total))


def _watched_by(tally: Tally) -> Any:
    """What the hub's client takes for its progress bars: they draw nothing and count for `tally`."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Watched(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "file": io.StringIO()})
            if self.initial:
                tally.add(self.initial)  # what an interrupted download left

        def update(self, n: float | None = 1) -> bool | None:
            tally.add(n or 0)
            return super().update(n)

    return Watched


def _as_text(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


@contextmanager
def _told(source: str) -> Iterator[None]:
    """What the hub answers becomes the operator's sentence. A full disk is told by whoever loads the model."""
    from huggingface_hub import constants, errors

    hub = constants.ENDPOINT
    try:
        yield
    except errors.GatedRepoError as refusal:
        raise EngineStartError(
            f"{source} is given out under a licence that has to be accepted: do so at {hub}/{source}, and put a token "
            f"of that account into the environment as {TOKEN_VARIABLE}"
        ) from refusal
    except errors.RepositoryNotFoundError as refusal:
        raise EngineStartError(
            f"there is no model {source} at {hub}, or it is private: correct the name, or put a token that may read it "
            f"into the environment as {TOKEN_VARIABLE}"
        ) from refusal
    except errors.HfHubHTTPError as refusal:
        raise EngineStartError(_refusal(source, hub, refusal.response.status_code)) from refusal
    except (errors.LocalEntryNotFoundError, errors.HTTPError) as trouble:  # type: ignore[attr-defined]
        why = f"{hub} cannot be reached: check the network"
        if constants.is_offline_mode():
            why = "HF_HUB_OFFLINE keeps it from being fetched: unset that"
        raise EngineStartError(
            f"{source} is not wholly on this machine, and {why}, or name a model's folder"
        ) from trouble


def _refusal(source: str, hub: str, status: int) -> str:
    if status in (401, 403):
        known = f"the token in {TOKEN_VARIABLE}" if os.environ.get(TOKEN_VARIABLE) else "anybody without a token"
        return f"{hub} refuses {source} to {known} (status {status}): put one that may read it into {TOKEN_VARIABLE}"
    return f"{hub} has trouble with {source} (status {status}): try again later"
