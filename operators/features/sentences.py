"""A feature's value as a sentence, beside what is usual, such as "The amount is 310.00; usual is 57.47"."""

from collections.abc import Callable
from math import isnan
from typing import Final, TypeAlias

from operators.features.measure import WindowedFeature
from operators.features.subjects import NOUNS
from operators.features.window import GAP_WINDOW

_UNITS: Final = (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0))
_PLURALS: Final = {
    "payment": "payments", "refund": "refunds", "login": "logins", "account_change": "account changes",
    "review": "reviews", "ad_click": "ad clicks", "user": "users", "merchant": "merchants", "device": "devices",
    "card": "cards", "ip": "addresses", "order": "orders", "country": "countries", "category": "categories",
    "currency": "currencies", "event_type": "event types", "outcome": "outcomes",
}  # fmt: skip
_SINGULARS: Final = {"ip": "address", "event_type": "event type"}
_VALUES: Final = {
    "hour": "hour of the day (UTC)", "weekday": "day of the week (Monday is 0)", "weekend": "flag of a weekend",
    "night": "flag of the night",
}  # fmt: skip
_STATISTICS: Final = {"std": "standard deviation", "min": "least", "max": "greatest"}


def sentence(feature: WindowedFeature, value: float, usual: float) -> str:
    """What the feature is and what it usually is; NaN is unknown."""
    phrase, show = _SENTENCES[feature.aggregate]
    if feature.field == "amount":
        show = money
    return f"The {phrase(feature)} is {show(value)}; usual is {show(usual)}."


def money(value: float) -> str:
    """An amount, whatever its currency."""
    return "unknown" if isnan(value) else f"{value:,.2f}"


def _number(value: float) -> str:
    return "unknown" if isnan(value) else _digits(value)


def _percent(value: float) -> str:
    return "unknown" if isnan(value) else f"{_digits(100 * value)}%"


def _digits(value: float) -> str:
    """Whole, or with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{float(f'{value:.3g}'):g}"


def _flag(value: float) -> str:
    return "another" if value else "the same"


def _duration(seconds: float) -> str:
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= 2 * size), _UNITS[-1])
    told = f"{seconds / size:.0f}" if seconds >= 10 * size else f"{seconds / size:.1f}".removesuffix(".0")
    return f"{told} {unit}" if told == "1" else f"{told} {unit}s"


def _since(seconds: float) -> str:
    return f"none in {_duration(GAP_WINDOW / 1_000)}" if isnan(seconds) else _duration(seconds)


def _whose(feature: WindowedFeature) -> str:
    return f"the {' and '.join(_SINGULARS.get(one, one) for one in feature.entity.split('+'))}'s"


def _events(feature: WindowedFeature) -> str:
    """What `where` asks for."""
    where = feature.where
    types = " or ".join(_PLURALS[one] for one in where.event_type or ()) or "events"
    rest = " or ".join([*(where.outcome or ()), *(where.category or ())])
    return f"{types} ({rest})" if rest else types


def _window(feature: WindowedFeature) -> str:
    seconds = feature.size / 1_000
    size = next((unit for unit, length in _UNITS if seconds == length), _duration(seconds))
    if not feature.delay:
        return f"in the last {size}"
    return f"in the {size} up to {_duration(feature.delay / 1_000)} ago"


def _noun(feature: WindowedFeature) -> str:
    noun = NOUNS[feature.field or ""]
    return _SINGULARS.get(noun, noun)


def _value(feature: WindowedFeature) -> str:
    return _VALUES.get(feature.field or "", feature.field or "")


def _count(feature: WindowedFeature) -> str:
    return f"count of {_whose(feature)} {_events(feature)} {_window(feature)}"


def _same(feature: WindowedFeature) -> str:
    return f"count of {_whose(feature)} {_events(feature)} with this {_noun(feature)} {_window(feature)}"


def _distinct(feature: WindowedFeature) -> str:
    different = f"different {_PLURALS[NOUNS[feature.field or '']]}"
    return f"count of {different} among {_whose(feature)} {_events(feature)} {_window(feature)}"


def _share(feature: WindowedFeature) -> str:
    return f"share of {_events(feature)} among {_whose(feature)} events {_window(feature)}"


def _rate(feature: WindowedFeature) -> str:
    events = f"{_whose(feature)} {_events(feature)} {_window(feature)}"
    return f"share of {events} that turned out to be {feature.label}"


def _amounts(feature: WindowedFeature) -> str:
    statistic = _STATISTICS.get(feature.aggregate, feature.aggregate)
    return f"{statistic} of the amounts of {_whose(feature)} {_events(feature)} {_window(feature)}"


def _age(feature: WindowedFeature) -> str:
    return f"time since {_whose(feature)} first event"


def _gap(feature: WindowedFeature) -> str:
    return f"time since the latest of {_whose(feature)} {_events(feature)}"


def _changed(feature: WindowedFeature) -> str:
    return f"{_noun(feature)}, beside the latest of {_whose(feature)} {_events(feature)},"


def _expression(feature: WindowedFeature) -> str:
    return f"value of {feature.name} ({feature.expression})"


_Phrase: TypeAlias = Callable[[WindowedFeature], str]
_Show: TypeAlias = Callable[[float], str]

_SENTENCES: Final[dict[str, tuple[_Phrase, _Show]]] = {
    "value": (_value, _number),
    "count": (_count, _number),
    "same": (_same, _number),
    "distinct": (_distinct, _number),
    "share": (_share, _percent),
    "rate": (_rate, _percent),
    **dict.fromkeys(("sum", "mean", "std", "min", "max"), (_amounts, money)),
    "age": (_age, _since),
    "gap": (_gap, _since),
    "changed": (_changed, _flag),
    "expression": (_expression, _number),
}
