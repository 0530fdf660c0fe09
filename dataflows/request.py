"""What a run is asked to do. It reaches every process of the flow as JSON, and each builds its part from it."""

from collections import Counter
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.decisions import Versions
from contracts.scoring import RiskScorer
from dataflows.connectors.base import AtOffsets, AtTime, InputLog, OutputLog, ReadRange
from dataflows.connectors.urls import open_input, open_output
from dataflows.errors import UserError
from dataflows.features import load_feature_set
from dataflows.policies import load_policy
from dataflows.settings import Settings
from models.choice import check_scorer, open_scorer
from models.errors import CheckpointError
from operators.explainer import Explainer, ScoreAt
from operators.features import FeatureSet
from operators.policy import PolicyError, Timeline

T = TypeVar("T")

DEFAULTS: Final = Path(__file__).parent / "defaults"


class RunRequest(BaseModel):
    """Where from, where to, with which settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    labels: str | None
    decisions: str | None = None
    control: str | None = None
    sink: str
    wire: dict[str, Any]
    """The settings, without their secrets."""
    starts: dict[str, int] | None = None
    """Where to begin in each input partition that was never read, by its name; None: where the settings say."""
    ends: dict[str, int] | None = None
    """Where to stop in each input partition, by its name; None: never."""
    origins: dict[str, int] = {}
    """The end that each output partition had when the state directory was new, by its name."""

    @cached_property
    def settings(self) -> Settings:
        """The settings, with the secrets of this process' environment."""
        return Settings.from_wire(self.wire)

    @cached_property
    def features(self) -> FeatureSet:
        """The feature set. Raises UserError."""
        return load_feature_set(self.settings.features or DEFAULTS / "shop-features.toml")

    def open_input(self) -> InputLog:
        """The events and, where there are any, the labels, decisions and changes of the policy. Raises UserError."""
        start = self.settings.source.start
        read_range = ReadRange(
            _at(self.starts) or (AtTime(start) if isinstance(start, int) else start),
            _at(self.ends),
            stop_at_end=self.ends is not None,
        )
        return open_input(self._input_urls, read_range, self.settings.kafka.client())

    def open_output(self) -> OutputLog:
        """Where the updates, users' risks, actions and dead letters go. Raises UserError."""
        return open_output(self.sink, self.settings.kafka.client(), delivery=self.settings.sink.delivery)

    @property
    def _input_urls(self) -> dict[str, str]:
        topics = self.settings.topics
        urls = {
            topics.transactions: self.source,
            topics.labels: self.labels,
            topics.decisions: self.decisions,
            topics.control: self.control,
        }
        return {topic: url for topic, url in urls.items() if url is not None}

    @property
    def places(self) -> dict[str, str]:
        """Where each topic lies: a path, or just Kafka, since the addresses of a cluster may change."""
        urls = self._input_urls | dict.fromkeys(self.output_topics, self.sink)
        return {
            topic: "Kafka" if url.startswith("kafka://") else str(Path(url).resolve()) for topic, url in urls.items()
        }

    @property
    def output_partitions(self) -> dict[str, int]:
        """How many partitions of each output topic are written to: as many as there were when the state directory was
        new, or what is replayed could go to another partition than before."""
        return Counter(_place(name)[0] for name in self.origins)

    @property
    def output_topics(self) -> tuple[str, ...]:
        """The topics written to."""
        topics = self.settings.topics
        return (
            topics.risk_updates,
            topics.user_risk,
            topics.policy_actions,
            topics.policy_changes,
            topics.dead_letters,
        )

    def timeline(self, model: str = "") -> Timeline:
        """Begins with the policy, over the feature set; `model` is the scorer's version. Raises UserError."""
        path = self.settings.policy or DEFAULTS / "shop-policy.toml"
        try:
            return Timeline(load_policy(path), self.features.names, Versions(model, "", self.features.version))
        except PolicyError as error:
            raise UserError(str(error)) from None

    def scorer(self) -> RiskScorer | None:
        """The scorer, warm; None where the settings want none. Raises UserError where it doesn't fit the features."""
        return self._with_checkpoint(partial(open_scorer, precision=self.settings.scoring.precision))

    def explainer(self, scorer: RiskScorer | None, review_score: ScoreAt) -> Explainer | None:
        """What gives the scorer's reasons; None where the scorer can't be explained, or the settings want none.

        `review_score` is that of the policy, by event time.
        """
        chosen = self.settings.scoring.explain_from
        return Explainer.of(scorer, self.features, review_score if chosen is None else chosen)

    def check_scorer(self) -> None:
        """Raise UserError where the scorer's checkpoint is missing or damaged, or doesn't fit the features."""
        self._with_checkpoint(check_scorer)

    def _with_checkpoint(self, use: Callable[[str, tuple[str, ...], int], T]) -> T | None:
        chosen = self.settings.scoring.checkpoint
        if chosen == "none":
            return None
        try:
            name = chosen or str(DEFAULTS / "shop-checkpoint")
            return use(name, self.features.names, self.features.window_events)
        except CheckpointError as error:
            raise UserError(str(error)) from None


def _at(offsets: dict[str, int] | None) -> AtOffsets | None:
    return None if offsets is None else AtOffsets({_place(name): offset for name, offset in offsets.items()})


def _place(name: str) -> tuple[str, int]:
    topic, _, number = name.rpartition("-")
    return topic, int(number)
