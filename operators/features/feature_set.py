"""A feature set: the declared features in order, their version, and a plan for each entity."""

import hashlib
import tomllib
from collections.abc import Iterator
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from operators.durations import parse_duration
from operators.features.calendar import EVENT_VALUES
from operators.features.definition import Duration, Feature, FeatureSetError, plain_settings
from operators.features.measure import WindowedFeature
from operators.features.plan import EntityPlan


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    settle: Duration = 2_000
    window_events: Annotated[int, Field(ge=1, le=64)] = 16
    features: Annotated[list[Feature], Field(min_length=1)]


class FeatureSet:
    """What is computed for every event.

    `names` gives the order of a feature vector; `user` is the plan of the user's own step, `entities` are those of the
    entities whose events come from many partitions, `values` the slot and function of what an event gives by itself.
    `settle` is in ms.
    """

    def __init__(self, file: _File, version: str) -> None:
        self.version = version
        self.settle = file.settle
        self.window_events = file.window_events
        declared = [one for feature in file.features for one in _windowed(feature)]
        self.names = tuple(feature.name for feature in declared)
        doubled = {name for name in self.names if self.names.count(name) > 1}
        if doubled:
            raise FeatureSetError(f"features: the name {min(doubled)} is used twice; names must differ")
        slots = list(enumerate(declared))
        self.values = [(slot, EVENT_VALUES[one.field or ""]) for slot, one in slots if one.entity == "event"]
        settled: dict[str, list[tuple[int, WindowedFeature]]] = {}
        own = []
        for slot, one in slots:
            if one.entity == "user" and one.label is None:
                own.append((slot, one))
            elif one.entity != "event":
                settled.setdefault(one.entity, []).append((slot, one))
        self.entities = {kind: EntityPlan(kind, features, self.settle) for kind, features in sorted(settled.items())}
        horizon = max((plan.horizon for plan in self.entities.values() if plan.labels.names), default=0)
        self.user = EntityPlan("user", own, None, horizon, links=self.entities if horizon else ())


def _windowed(feature: Feature) -> Iterator[WindowedFeature]:
    for window in feature.windows or ("",):
        name = feature.name.replace("{window}", window)
        yield WindowedFeature(
            name, feature.entity, feature.aggregate, feature.field, parse_duration(window) if window else 0,
            feature.delay, feature.where, feature.label,
        )  # fmt: skip


def parse_feature_set(text: str, source: str) -> FeatureSet:
    """The feature set that a TOML text declares. Raises FeatureSetError naming `source`, the feature and the fix."""
    try:
        document = tomllib.loads(text)
        file = _File.model_validate(document)
        digest = hashlib.sha256(orjson.dumps(file.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()
        return FeatureSet(file, f"{file.name}#{digest[:8]}")
    except tomllib.TOMLDecodeError as error:
        raise FeatureSetError(f"{source}: not valid TOML: {error}") from None
    except ValidationError as error:
        problems = [_located(document, dict(detail)) for detail in error.errors(include_url=False)]
        raise FeatureSetError(f"{source}: " + "; ".join(problems[:5])) from None
    except FeatureSetError as error:
        raise FeatureSetError(f"{source}: {error}") from None


def _located(document: dict[str, object], detail: dict[str, object]) -> str:
    loc = detail["loc"]
    features = document.get("features")
    if isinstance(loc, tuple) and len(loc) > 1 and loc[0] == "features" and isinstance(features, list):
        feature = features[loc[1]]
        name = feature.get("name", f"number {loc[1] + 1}") if isinstance(feature, dict) else f"number {loc[1] + 1}"
        return f"feature {name}: " + plain_settings(detail | {"loc": loc[2:]})
    return plain_settings(detail)
