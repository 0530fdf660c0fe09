"""A feature set: the declared features in order, their version, and a plan for each entity."""

import hashlib
from collections.abc import Iterable, Iterator

import orjson

from operators.features.calendar import EVENT_VALUES
from operators.features.definition import Feature, FeatureFile
from operators.features.expression import completion, parts, written
from operators.features.feature_file import parse_feature_file
from operators.features.measure import WindowedFeature
from operators.features.plan import EntityPlan


class FeatureSet:
    """What is computed for every event.

    `declared` gives the order of a feature vector, `names` its names; `user` is the plan of the user's own step,
    `entities` are those of the entities whose events come from many partitions, `values` the slot and function of what
    an event gives by itself. `complete` writes the expressions' values once all others are there, None without any.
    `settle` is in ms, and the latest `max_events` of an entity's events are kept one by one.
    """

    def __init__(self, file: FeatureFile, version: str) -> None:
        self.version = version
        self.settle = file.settle
        self.window_events = file.window_events
        self.max_events = file.max_events
        declared = tuple(one for feature in file.features for one in _windowed(feature))
        self.declared = declared
        self.names = tuple(feature.name for feature in declared)
        slots = list(enumerate(declared))
        self.values = [(slot, EVENT_VALUES[one.field or ""]) for slot, one in slots if one.aggregate == "value"]
        expressions = [(slot, written(one.expression, self.names[:slot])) for slot, one in slots if one.expression]
        self.complete = completion(expressions) if expressions else None
        self._parts = [(one.name, parts(one.expression)) for one in declared if one.expression]
        settled: dict[str, list[tuple[int, WindowedFeature]]] = {}
        own = []
        for slot, one in slots:
            if one.entity == "user" and one.label is None:
                own.append((slot, one))
            elif one.entity != "event":
                settled.setdefault(one.entity, []).append((slot, one))
        most = file.max_events
        self.entities = {
            kind: EntityPlan(kind, features, self.settle, most) for kind, features in sorted(settled.items())
        }
        horizon = max((plan.horizon for plan in self.entities.values() if plan.labels.names), default=0)
        labelled = [plan for plan in self.entities.values() if plan.labels.names]
        self.user = EntityPlan("user", own, None, most, horizon, labelled)

    def with_expressions(self, names: Iterable[str]) -> tuple[str, ...]:
        """These features and all expressions over them, in the order of `names`."""
        found = set(names)
        for name, of_parts in self._parts:
            if not found.isdisjoint(of_parts):
                found.add(name)
        return tuple([name for name in self.names if name in found])


def _windowed(feature: Feature) -> Iterator[WindowedFeature]:
    for name, size in zip(feature.names, feature.sizes, strict=True):
        yield WindowedFeature(
            name, feature.entity, feature.aggregate, feature.field, size, feature.delay, feature.where, feature.label,
            feature.expression,
        )  # fmt: skip


def parse_feature_set(text: str, source: str) -> FeatureSet:
    """The feature set that a TOML text declares. Raises FeatureSetError naming `source`, the line, the feature and the
    fix."""
    file = parse_feature_file(text, source)
    said = file.model_dump(mode="json", exclude_defaults=True)  # a field that is new tomorrow changes no version
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return FeatureSet(file, f"{file.name}#{digest[:8]}")
