"""The networks that no pipeline owns, loaded when first asked for; what the operator named by file, at the start."""

from pathlib import Path

import torch

from engine.captions import load_captioner
from engine.config import EngineConfig
from engine.describe import Describer
from engine.esrgan import NETWORKS
from engine.operator_upscaler import load_operator_upscaler
from engine.restyle import StyleTools
from engine.starter.describer import StarterDescriber
from engine.starter.model import WEIGHTS
from engine.style_network import from_upscaler, load_vgg
from engine.upscale import Upscaler, load_upscaler
from engine.video import VideoModel, load_video


class Tools:
    """Belongs to the owner thread. `dtype` is float32 or float16."""

    def __init__(self, config: EngineConfig, device: torch.device, dtype: torch.dtype) -> None:
        self._config = config
        self.device = device
        self._caption_dtype = dtype
        self.dtype = torch.float32 if dtype is torch.float32 else torch.float16  # bfloat16 shows bands in plain areas
        self._upscaler: Upscaler | None = None
        self._style: StyleTools | None = None
        self._video: VideoModel | None = None
        self._describer: Describer | None = None

    @property
    def is_half(self) -> bool:
        return self.dtype is not torch.float32

    def load_named(self) -> None:
        """Raises `EngineStartError`: a wrong file is better found at the start than by a member."""
        if self._config.upscale_model not in ("auto", *NETWORKS):
            self.upscaler()
        if self._config.style_features:
            self.style()
        if self.has_video:
            self.video()
        if self._config.describe_model != "auto":
            self.describer()

    @property
    def has_video(self) -> bool:
        return bool(self._config.video_model)

    def video(self) -> VideoModel:
        """Asked only where there is one. Raises `EngineStartError`."""
        if self._video is None:
            self._video = load_video(self._config.video_model, self.device, self.dtype)
        return self._video

    def upscaler(self) -> Upscaler:
        """Raises `EngineStartError`."""
        if self._upscaler is None:
            self._upscaler = self._load_upscaler(self._config.upscale_model)
        return self._upscaler

    def _load_upscaler(self, name: str) -> Upscaler:
        if name == "auto":
            name = "compact" if self.device.type == "cpu" else "photo"
        if name in NETWORKS:
            return load_upscaler(name, self._config.cache_dir, self.device, self.dtype)
        return load_operator_upscaler(Path(name), self.device, self.dtype)

    def style(self) -> StyleTools:
        """Raises `EngineStartError`."""
        if self._style is None:
            compact = load_upscaler("compact", self._config.cache_dir, torch.device("cpu"), torch.float32).network
            fast = slow = from_upscaler(compact, self.device)
            if self._config.style_features:
                slow = load_vgg(Path(self._config.style_features), self.device)
            self._style = StyleTools(fast, slow, self.upscaler)
        return self._style

    def describer(self) -> Describer:
        """The operator's captioning model, else what the starter recognises. Raises `EngineStartError`."""
        if self._describer is None:
            self._describer = self._load_describer(self._config.describe_model)
        return self._describer

    def _load_describer(self, name: str) -> Describer:
        if name != "auto":
            return load_captioner(name, self.device, self._caption_dtype)
        sources = [model.source for model in self._config.models if model.family == "starter"]
        return StarterDescriber(Path(next(iter(sources), "") or WEIGHTS), self._config.cache_dir, self.device)
