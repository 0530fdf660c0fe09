"""What features are about: those of one subject say the same of the same thing, over other windows or by other numbers.

A subject's code follows from the definitions alone, so that it is the same wherever a feature set says the same:
the entity; the event types, outcomes and categories of `where`; and what the aggregate looks at.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from operators.features.entity import ENTITY_FIELDS
from operators.features.expression import parts
from operators.features.measure import WindowedFeature

NOUNS: Final = {field: entity for entity, field in ENTITY_FIELDS.items()}
"""What an identifying field names."""


class Subject(NamedTuple):
    """Features of one subject, by their places in the feature vector; expressions over them are in `derived`."""

    code: str
    places: tuple[int, ...]
    derived: tuple[int, ...]


def subjects(declared: Sequence[WindowedFeature]) -> list[Subject]:
    """All subjects of a feature set, in the order in which it comes to them. An expression belongs to the first feature
    that it names."""
    codes: dict[str, str] = {}
    found: dict[str, tuple[list[int], list[int]]] = {}
    for place, feature in enumerate(declared):
        named = parts(feature.expression) if feature.expression else []
        code = next((codes[name] for name in named if name in codes), None) or _code(feature)
        codes[feature.name] = code
        places, derived = found.setdefault(code, ([], []))
        (derived if feature.expression else places).append(place)
    return [Subject(code, tuple(places), tuple(derived)) for code, (places, derived) in found.items()]


def _code(feature: WindowedFeature) -> str:
    if feature.expression:
        return feature.name.replace("_", "-")
    where = feature.where
    filtered = [*(where.event_type or ()), *(where.outcome or ()), *(where.category or ())]
    entity = [] if feature.entity == "event" else feature.entity.split("+")
    looked_at = _looked_at(feature)
    words = [*entity, *filtered, *looked_at, *(["activity"] if not filtered and not looked_at else [])]
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")


def _looked_at(feature: WindowedFeature) -> list[str]:
    field = feature.field or ""
    noun = NOUNS.get(field, field)
    match feature.aggregate:
        case "count" | "gap" | "share":
            return []
        case "age":
            return ["age"]
        case "rate":
            return [feature.label or "", "rate"]
        case "distinct":
            return ["distinct", noun]
        case "same" | "changed":
            return [feature.aggregate, noun]
    return [noun]
