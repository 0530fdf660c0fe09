"""Entities: what a window's events have in common, one or two of an event's fields."""

from difflib import get_close_matches
from typing import Final

from contracts.events import Event

ENTITY_FIELDS: Final = {
    "user": "user_id",
    "merchant": "merchant_id",
    "device": "device_id",
    "card": "card_id",
    "ip": "ip",
    "order": "order_id",
    "country": "country",
    "category": "category",
    "currency": "currency",
    "event_type": "event_type",
    "outcome": "outcome",
}
"""The event's field that names each."""

_JOINT: Final = "+"


def check_entity(entity: str) -> str:
    """The entity itself. Raises ValueError, with the fix, where it is none."""
    parts = entity.split(_JOINT)
    for part in parts:
        if part not in ENTITY_FIELDS and entity != "event":
            close = get_close_matches(part, ENTITY_FIELDS, n=1)
            known = f'event, {", ".join(ENTITY_FIELDS)}, or two of them, such as "user+merchant"'
            raise ValueError(f'unknown "{part}"; ' + (f"did you mean {close[0]}?" if close else f"known: {known}"))
    if len(parts) > 2 or len(set(parts)) < len(parts):
        raise ValueError('an entity is one field or two different ones, such as "user+merchant"')
    return entity


def entity_fields(entity: str) -> tuple[str, ...]:
    """The event's fields that name an entity."""
    return tuple([ENTITY_FIELDS[part] for part in entity.split(_JOINT)])


def named_by(event: Event, fields: tuple[str, ...]) -> tuple[str, ...]:
    """What names the event's entity; empty where a field is absent."""
    names = tuple([getattr(event, field) for field in fields])
    return names if all(names) else ()


def pair(first: str, second: str) -> str:
    """One text for two, whatever they hold."""
    return f"{len(first)}:{first}{second}"
