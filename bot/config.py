"""The settings: one TOML file, checked whole at start, plus the secrets of the environment."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator

from bot.config_plans import PlanSettings as PlanSettings
from bot.config_plans import PriceTagSettings
from bot.config_section import Section as Section
from bot.domain.prompt.versions import NIJI, NUMBERED, TEST

TOKEN_VARIABLE = "EASEL_DISCORD_TOKEN"
DATABASE_VARIABLE = "EASEL_DATABASE_URL"
WEB_SECRET_VARIABLE = "EASEL_WEB_SECRET"
STRIPE_KEY_VARIABLE = "EASEL_STRIPE_SECRET_KEY"
STRIPE_SECRET_VARIABLE = "EASEL_STRIPE_WEBHOOK_SECRET"
SECRETS = {
    "token": TOKEN_VARIABLE,
    "web_secret": WEB_SECRET_VARIABLE,
    "stripe_key": STRIPE_KEY_VARIABLE,
    "stripe_webhook_secret": STRIPE_SECRET_VARIABLE,
}
"""Never in a file: the name among our settings, and the variable of the environment."""


class ConfigError(Exception):
    """The settings cannot be used; the message names the setting and says what to change."""


class DatabaseSettings(Section):
    url: str = "sqlite+aiosqlite:///data/easel.db"


class ImageSettings(Section):
    store: str = "data/images"


class ReactionSettings(Section):
    direct_message: str = "✉️"
    discard: str = "❌"
    upscale: Annotated[tuple[str, ...], Field(max_length=4)] = ("1️⃣", "2️⃣", "3️⃣", "4️⃣")
    vary: Annotated[tuple[str, ...], Field(max_length=4)] = ("🇦", "🇧", "🇨", "🇩")
    reroll: str = "🔄"


class DiscordSettings(Section):
    guild_id: int = 0
    shards: Annotated[int, Field(ge=0)] = 1
    shard_ids: tuple[Annotated[int, Field(ge=0)], ...] = ()
    api_url: str = ""
    gateway_url: str = ""
    reactions: ReactionSettings = ReactionSettings()

    @model_validator(mode="after")
    def _check_shards(self) -> Self:
        if any(number >= self.shards for number in self.shard_ids):
            raise ValueError(f"shard_ids: the numbers of {self.shards} connections are below {self.shards}")
        return self


class QueueSettings(Section):
    max_running: Annotated[int, Field(ge=1)] = 3
    max_running_relax: Annotated[int, Field(ge=1)] = 3
    max_waiting: Annotated[int, Field(ge=1)] = 10
    capacity: Annotated[int, Field(ge=1)] = 8


class GallerySettings(Section):
    page_size: Annotated[int, Field(ge=1, le=9)] = 9


class ModelSettings(Section):
    name: Annotated[str, Field(min_length=1)]
    family: Literal["starter", "stable-diffusion", "sdxl", "flux"]
    source: str = ""
    base: str = ""
    preview_decoder: str = ""
    image_adapter: str = ""
    image_adapter_weights: str = ""
    image_adapter_encoder: str = ""
    width: Annotated[int, Field(ge=64, le=4096)] | None = None
    height: Annotated[int, Field(ge=64, le=4096)] | None = None
    steps: Annotated[int, Field(ge=1, le=500)] | None = None
    guidance_scale: Annotated[float, Field(ge=0, le=50)] | None = None
    sampler: str | None = None


STARTER = ModelSettings(name="starter", family="starter")


class EngineSettings(Section):
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_rows: Annotated[int, Field(ge=0)] = 0
    threads: Annotated[int, Field(ge=0)] = 0
    max_pixels: Annotated[int, Field(ge=64 * 64)] = 2048 * 2048
    upscaler: Literal["auto", "compact", "anime"] = "auto"
    upscale_model: Annotated[str, Field(min_length=1)] = "auto"
    video_model: str = ""
    describe_model: Annotated[str, Field(min_length=1)] = "auto"
    style_features: str = ""
    compile: Literal["auto", "on", "off"] = "auto"
    memory_mib: Annotated[int, Field(ge=0)] = 0
    stop_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    cache: Path = Path("data/cache")
    models: Annotated[tuple[ModelSettings, ...], Field(min_length=1)] = (STARTER,)


class PersonalSettings(Section):
    likes_needed: Annotated[int, Field(ge=1, le=10_000)] = 10


class LinkSettings(Section):
    community: str = ""
    account: str = ""


class AdminSettings(Section):
    members: tuple[int, ...] = ()
    guilds: tuple[int, ...] = ()


class MidjourneySettings(Section):
    version: str = "6.1"

    @field_validator("version")
    @classmethod
    def _is_version(cls, version: str) -> str:
        if version not in (*NUMBERED, *NIJI):
            raise ValueError(f"there is no version {version!r}; known are {', '.join((*NUMBERED, *NIJI))}")
        return version


class SandboxSettings(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8380
    midjourney_ids: bool = False


class WebSettings(Section):
    public_url: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8390


class StripeSettings(Section):
    prices: tuple[PriceTagSettings, ...] = ()
    portal: str = ""
    api_url: str = ""

    @model_validator(mode="after")
    def _are_told_apart(self) -> Self:
        ids = [price.id for price in self.prices]
        if twice := [one for one in ids if ids.count(one) > 1]:
            raise ValueError(f"{twice[0]} stands for two things")
        return self


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Config(Section):
    """All settings. `token` is None when the environment holds none."""

    database: DatabaseSettings = DatabaseSettings()
    images: ImageSettings = ImageSettings()
    discord: DiscordSettings = DiscordSettings()
    queue: QueueSettings = QueueSettings()
    gallery: GallerySettings = GallerySettings()
    plans: PlanSettings = PlanSettings()
    engine: EngineSettings = EngineSettings()
    versions: dict[str, str] = Field(default_factory=dict)
    personal: PersonalSettings = PersonalSettings()
    midjourney: MidjourneySettings = MidjourneySettings()
    admin: AdminSettings = AdminSettings()
    links: LinkSettings = LinkSettings()
    sandbox: SandboxSettings = SandboxSettings()
    web: WebSettings = WebSettings()
    stripe: StripeSettings = StripeSettings()
    log: LogSettings = LogSettings()
    token: SecretStr | None = Field(default=None, exclude=True)
    web_secret: SecretStr | None = Field(default=None, exclude=True)
    stripe_key: SecretStr | None = Field(default=None, exclude=True)
    stripe_webhook_secret: SecretStr | None = Field(default=None, exclude=True)

    @field_validator("versions")
    @classmethod
    def _are_versions(cls, versions: dict[str, str]) -> dict[str, str]:
        known = {*NUMBERED, *NIJI, *TEST, "v", "niji"}
        if wrong := versions.keys() - known:
            raise ValueError(f"there is no version {', '.join(sorted(wrong))}; known are {', '.join(sorted(known))}")
        return versions

    @model_validator(mode="after")
    def _are_drawn(self) -> Self:
        names = {model.name for model in self.engine.models}
        if missing := set(self.versions.values()) - names:
            raise ValueError(f"versions: there is no model {', '.join(sorted(missing))} among engine.models")
        return self

    @model_validator(mode="after")
    def _can_be_sold(self) -> Self:
        self.plans.check_articles(self.stripe.prices)
        if self.stripe.prices and not self.web.public_url:
            raise ValueError("stripe.prices: Stripe tells us of payments at web.public_url, which is empty")
        return self


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read and check everything. A missing `path` is an error; None means the defaults. Raises `ConfigError`."""
    settings = _read(path) if path else {}
    for name, variable in SECRETS.items():
        if name in settings:
            raise ConfigError(f"A secret must not stand in a file. Put it into the environment as {variable}.")
    if url := environ.get(DATABASE_VARIABLE):
        settings["database"] = {"url": url}
    settings |= {name: value for name, variable in SECRETS.items() if (value := environ.get(variable))}
    try:
        return Config.model_validate(settings)
    except ValidationError as problems:
        raise ConfigError(_explain(problems, path)) from None


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no {path}. Copy config.example.toml to {path}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path} is not valid TOML: {problem}") from None


def _explain(problems: ValidationError, path: Path | None) -> str:
    unknown = "there is no such setting; config.example.toml has them all"
    lines = [
        f"{'.'.join(map(str, p['loc']))}: {unknown if p['type'] == 'extra_forbidden' else p['msg']}"
        for p in problems.errors(include_input=False)
    ]
    return f"Please correct {path or 'the settings'}:\n  " + "\n  ".join(lines)
