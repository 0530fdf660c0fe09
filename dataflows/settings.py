"""Settings: one TOML file, overridden by SEALWAX_... environment variables, overridden by flags.

`kafka.bootstrap` of the file is SEALWAX_KAFKA__BOOTSTRAP in the environment. Secrets are no settings: Kafka's clients
take them from the environment, such as SEALWAX_KAFKA_SASL_PASSWORD.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from contracts.scoring import Precision
from contracts.times import format_time, parse_time
from dataflows.connectors.kafka_settings import SECRETS_PREFIX, is_secret, secret_variable
from dataflows.errors import UserError
from operators.durations import parse_duration

DEFAULT_FILE: Final = Path("sealwax.toml")
_PREFIX: Final = "SEALWAX_"

Duration = Annotated[int, BeforeValidator(parse_duration), PlainSerializer(lambda millis: f"{millis}ms", str, "json")]
"""A duration such as "500ms" or "2s" outside, milliseconds in Python."""


def _start(value: Any) -> Any:
    if value in ("earliest", "latest"):
        return value
    try:
        return parse_time(value)
    except ValueError as error:
        raise ValueError(f'must be "earliest", "latest" or a time, which {error}') from None


Start = Annotated[
    Literal["earliest", "latest"] | int,
    BeforeValidator(_start),
    PlainSerializer(lambda start: format_time(start) if isinstance(start, int) else start, str, "json"),
]
"""Where to begin a topic that was never read: an end of it, or a time (epoch milliseconds in Python)."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(_Section):
    bootstrap: str = "localhost:9092"
    librdkafka: dict[str, str | int | float | bool] = {}
    """Any of the client's own settings, such as "security.protocol", but no secrets."""

    @field_validator("librdkafka")
    @classmethod
    def _no_secrets(cls, table: dict[str, Any]) -> dict[str, Any]:
        for name in table:
            if is_secret(name):
                raise ValueError(f"{name} is a secret: remove it, and set the variable {secret_variable(name)}")
        return table

    @property
    def url(self) -> str:
        """The cluster's, as the flow's ends and commands take it."""
        return f"kafka://{self.bootstrap}"

    def client(self) -> dict[str, Any]:
        """librdkafka's settings; the secrets join them in the client itself."""
        return {"bootstrap.servers": self.bootstrap} | self.librdkafka


class TopicSettings(_Section):
    transactions: str = "transactions"
    labels: str = "labels"
    decisions: str = "decisions"
    control: str = "control"
    risk_updates: str = "risk-updates"
    user_risk: str = "user-risk"
    policy_actions: str = "policy-actions"
    policy_changes: str = "policy-changes"
    dead_letters: str = "dead-letters"


class SourceSettings(_Section):
    start: Start = "earliest"
    batch_size: int = Field(default=1_000, ge=1, le=100_000)
    idle: Duration = 1_000
    """So long at its end, a partition no longer holds the others' watermark back."""
    max_record_bytes: int = Field(default=1_000_000, ge=1)
    """A larger record becomes a dead letter."""
    max_ahead: Duration = 60_000
    """So does one whose time lies further after its record's own timestamp: what comes behind it would have to wait."""


class SinkSettings(_Section):
    quiet: Duration = 1_000
    """A restart waits until nothing of its predecessor has arrived for so long."""
    delivery: Literal["plain", "fenced"] = "plain"
    features: bool = False
    """Each update carries its event's features."""


class StateSettings(_Section):
    directory: Path = Path(".sealwax/state")
    epoch: Duration = 500
    cache_entries: int = Field(default=100_000, ge=1)
    """Entities that each process keeps in memory for each of its steps."""


class ScoringSettings(_Section):
    checkpoint: str | None = None
    """A directory, "fake" (deterministic, for tests) or "none"; by default the checkpoint that Sealwax comes with."""
    precision: Precision = "float32"
    """Of the model's numbers; bfloat16 is faster on a GPU and for larger models, and the scores differ a little."""
    token_budget: int = Field(default=2_048, ge=1)
    """The most tokens that are scored in one batch."""
    deadline: Duration = 10_000
    """A batch that took longer, and what waited behind it, is judged by the policy's fallback."""
    explain_from: float | None = Field(default=None, ge=0)
    """Scores from here on carry the model's reasons; by default those that alone lift a user out of the lowest level,
    above 1 none."""


class DeadLetterSettings(_Section):
    max_share: float = Field(default=0.95, gt=0, le=1)
    """The flow stops where a larger share of the latest `window` records was bad."""
    window: int = Field(default=10_000, ge=1)


class MetricsSettings(_Section):
    port: int = Field(default=9_464, ge=0, le=65_535)
    """The first process' port for Prometheus, the others' follow; 0 for none."""


class HoldSettings(_Section):
    table: str = ".sealwax/holds.db"
    """postgresql://user@host/database, or a file for SQLite."""
    metrics_port: int = Field(default=9_480, ge=0, le=65_535)
    """The port of `sealwax holds run` for Prometheus; 0 for none."""

    @field_validator("table")
    @classmethod
    def _no_password(cls, table: str) -> str:
        if re.match(r"\w+://[^/@]*:[^/@]*@|.*[?&]password=", table):
            raise ValueError("holds a password: remove it, and set the variable PGPASSWORD, or write ~/.pgpass")
        return table


class Settings(BaseSettings):
    """Everything that can be set, with its defaults. `Settings()` reads nothing; `load_settings` does."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    processes: int = Field(default=1, ge=1, le=64)
    policy: Path | None = None
    """A policy's TOML file; by default the one that Sealwax comes with."""
    features: Path | None = None
    """A feature set's TOML file; by default the one that Sealwax comes with."""
    kafka: KafkaSettings = KafkaSettings()
    topics: TopicSettings = TopicSettings()
    source: SourceSettings = SourceSettings()
    sink: SinkSettings = SinkSettings()
    state: StateSettings = StateSettings()
    scoring: ScoringSettings = ScoringSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    metrics: MetricsSettings = MetricsSettings()
    holds: HoldSettings = HoldSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    def to_wire(self) -> dict[str, Any]:
        """As JSON for another process; there are no secrets among the settings."""
        return self.model_dump(mode="json")

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Self:
        """The settings of the process that called `to_wire`."""
        return cls(**wire)


def load_settings(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read `file` (by default sealwax.toml, where there is one), the environment and `flags`, later ones winning.

    Flags are named like "kafka.bootstrap"; those that are None were not given. Raises UserError for what is wrong.
    """
    layers = {"flag": _nested(flags or {}), "environment": _environment(), str(file or DEFAULT_FILE): _read(file)}
    merged: dict[str, Any] = {}
    for layer in reversed(layers.values()):
        merged = _merged(merged, layer)
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise UserError("\n".join(_explain(detail, layers) for detail in error.errors())) from None


def _read(file: Path | None) -> dict[str, Any]:
    if file is None and not DEFAULT_FILE.exists():
        return {}
    file = file or DEFAULT_FILE
    try:
        table = tomllib.loads(file.read_text())
    except OSError as error:
        raise UserError(f"{file}: can't read the settings: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not valid TOML: {error}") from None
    return table


def _environment() -> dict[str, Any]:
    for variable in os.environ:
        section = variable.removeprefix(_PREFIX).split("__")[0].lower()
        if variable.startswith(SECRETS_PREFIX) and not variable.startswith(f"{SECRETS_PREFIX}_"):
            continue
        if variable.startswith(_PREFIX) and section not in Settings.model_fields:
            raise UserError(f"environment: {variable}: no such setting{_closest(section, Settings)}")
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise UserError(f"environment: {error}") from None


def _nested(flags: Mapping[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in flags.items():
        if value is not None:
            for key in reversed(name.split(".")):
                value = {key: value}
            table = _merged(table, value)
    return table


def _merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(low)
    for key, value in high.items():
        below = both.get(key)
        both[key] = _merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return both


def _explain(detail: Any, layers: Mapping[str, Mapping[str, Any]]) -> str:
    """Where a wrong value comes from, its name, and what is wrong with it."""
    section, *rest = (str(part) for part in detail["loc"])
    key = rest[0] if rest else ""
    named = f"{section}.{key}" if key else section
    origin = next(name for name, layer in layers.items() if _has(layer, section, key))
    if detail["type"] != "extra_forbidden":
        return f"{origin}: {named}: {detail['msg'].removeprefix('Value error, ')}"
    model = Settings.model_fields[section].annotation if key else Settings
    return f"{origin}: {named}: no such setting{_closest(key or section, model)}"


def _has(layer: Mapping[str, Any], section: str, key: str) -> bool:
    return section in layer and (not key or (isinstance(layer[section], Mapping) and key in layer[section]))


def _closest(key: str, model: Any) -> str:
    found = difflib.get_close_matches(key, model.model_fields, n=1, cutoff=0.0)
    return f"; did you mean {found[0]}?"
