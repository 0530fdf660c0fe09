"""Labelling: what a user's ring keeps of each event so that a label finds it and all of its entities."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from contracts.events import LABELS
from operators.features.definition import Where
from operators.features.entity import entity_fields
from operators.features.labels import LabelColumns, Outcome
from operators.features.measure import Measure
from operators.ring import ABSENT, Ring


class Labelled(Protocol):
    """The plan of an entity with features over labels."""

    kind: str
    labels: LabelColumns


class Columns(Protocol):
    """The user's plan, asked for columns."""

    def column(self, measure: Measure) -> int:
        """The number of the column that holds `measure`."""


class _Entity(NamedTuple):
    kind: str
    link: int | None
    """The column that names it; None where it is the user."""
    matching: list[int | None]
    """For each of its columns of labels the one that tells whether it looks at the event; None where it always does."""


class Labelling:
    """The columns of the user's ring that labels ask for; none where no feature of any entity looks at labels."""

    def __init__(self, plan: Columns, labelled: Sequence[Labelled]) -> None:
        self._asked = {name for one in labelled for name in one.labels.names}
        self._entities = [self._entity(plan, one) for one in labelled]
        self._known = plan.column(Measure("label", Where(), False)) if labelled else 0

    @staticmethod
    def _entity(plan: Columns, one: Labelled) -> _Entity:
        fields = "+".join(entity_fields(one.kind))
        link = None if one.kind == "user" else plan.column(Measure(fields, Where(), False))
        return _Entity(
            one.kind,
            link,
            [None if where == Where() else plan.column(Measure("1", where, False)) for where in one.labels.wheres],
        )

    def label(self, ring: Ring, index: int, user: int, label: str) -> Iterator[tuple[str, int, Outcome]]:
        """Let the event at `index` have a label: for each of its entities the kind, the fingerprint and what is new.

        Nothing where no feature asks for the label, nor for the one before it, or where they are the same.
        """
        number = LABELS.index(label) if label in self._asked else ABSENT
        before = ring.columns[self._known][index]
        if number == before:
            return
        ring.put(self._known, index, number)
        replaced = "" if before == ABSENT else LABELS[before]
        for kind, link, matching in self._entities:
            entity = user if link is None else ring.columns[link][index]
            if entity != ABSENT:
                found = (column is None or ring.columns[column][index] == 1 for column in matching)
                bits = sum(1 << bit for bit, matches in enumerate(found) if matches)
                yield kind, entity, Outcome(label, replaced, bits)
