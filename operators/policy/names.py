"""What a condition may name, and what kind each name is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.events import EVENT_TYPES
from operators.policy.errors import ConditionError
from operators.policy.tree import BySegment, Kind, Name, Node, Segment
from operators.unknown_names import instead_of

TEXT_FIELDS: Final = (
    "event_id", "event_type", "user_id", "order_id", "currency", "merchant_id", "device_id", "card_id", "ip", "country",
    "category", "text", "outcome",
)  # fmt: skip
"""The event's fields that hold text; an absent one is missing."""

KINDS: Final[dict[str, Kind]] = {
    "score": "number",
    "user_risk": "number",
    "level": "text",
    "late": "truth",
    "degraded": "truth",
    "event.amount": "number",
    **{f"event.{field}": "text" for field in TEXT_FIELDS},
}
"""Every name but those that the policy or the feature set declares. `score` and `event.amount` can be missing."""


@dataclass(frozen=True)
class Scope:
    """What the policy around a condition declares."""

    levels: tuple[str, ...]
    lists: Mapping[str, frozenset[str]]
    thresholds: Collection[str] = ()
    attributes: Mapping[str, Kind] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    by_segment: Mapping[str, BySegment] = field(default_factory=dict)

    def kind(self, path: str, column: int) -> Kind:
        """The kind of a whole name. Whether a feature exists is known only where the policy meets a feature set."""
        if path.startswith("feature."):
            return "number"
        if path.startswith("lists."):
            raise ConditionError(f"a list stands behind `in`, as in `event.user_id in {path}`", column)
        if path.startswith("threshold."):
            if (name := path.removeprefix("threshold.")) not in self.thresholds:
                raise ConditionError(f"unknown threshold `{path}`; {instead_of(name, self.thresholds)}", column)
            return "number"
        if path.startswith("event.attributes."):
            return self._attribute(path, column)
        if path.startswith(("segment.", "by_segment.")):
            return self._of_segments(path, column)
        if path not in KINDS:
            raise ConditionError(f"unknown name `{path}`; {instead_of(path, KINDS)}", column)
        return KINDS[path]

    def _attribute(self, path: str, column: int) -> Kind:
        name = path.removeprefix("event.attributes.")
        if name not in self.attributes:
            known = (
                instead_of(name, self.attributes) if self.attributes else f'declare it: [attributes] {name} = "text"'
            )
            raise ConditionError(f"unknown attribute `{path}`; {known}", column)
        return self.attributes[name]

    def _of_segments(self, path: str, column: int) -> Kind:
        table, _, name = path.partition(".")
        known = self.segments if table == "segment" else self.by_segment
        if name not in known:
            raise ConditionError(f"unknown name `{path}`; {instead_of(name, known)}", column)
        return "truth" if table == "segment" else "number"

    def meaning(self, name: Name) -> Node:
        """What a name stands for: itself, or what the policy has declared under it."""
        table, _, own = name.path.partition(".")
        if table == "segment":
            return self.segments[own]
        return self.by_segment[own] if table == "by_segment" else name

    def values(self, name: str, column: int) -> frozenset[str]:
        """A list's values."""
        if name not in self.lists:
            raise ConditionError(f"unknown list `lists.{name}`; {instead_of(name, self.lists)}", column)
        return self.lists[name]

    def check_value(self, path: str, value: str, column: int) -> None:
        """Refuses a text that a name can never equal."""
        known = {"level": self.levels, "event.event_type": EVENT_TYPES}.get(path)
        if known is not None and value not in known:
            raise ConditionError(f"{path} is never {value!r}; {instead_of(value, known)}", column)
        if value == "":
            raise ConditionError(f"an absent field is missing, not empty: write `!has({path})`", column)
