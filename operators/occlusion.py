"""What a score rests on: each part of the input is taken away in its turn, and the input scored again without it.

Occlusion (Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014). Features that are
taken away become what is usual for legitimate events of the type, and expressions over them follow; a past event leaves
the window; of the scored event's own text nothing is left.
"""

from collections.abc import Collection
from math import isclose, isnan, log
from typing import Final, NamedTuple

from contracts.events import AMOUNT_SCALE
from contracts.scoring import ROW_SIZE, WINDOW_ROW, ExplainableScorer, ScoringInput
from operators.features import FeatureSet
from operators.features.measure import WindowedFeature
from operators.features.subjects import Subject, subjects

_LEAST: Final = 1e-6
"""Scores closer to 0 or 1 are not told apart: they are rounded so."""

_SINGLE: Final = 1e-7
"""What single precision may lose of a value."""

_AMOUNT: Final = 1
_FIELDS: Final = {"merchant_id": 2, "device_id": 3, "card_id": 4, "ip": 5, "country": 6}
"""Places in a window's row."""


class Part(NamedTuple):
    """What can be taken away: features of a subject, or a past event by its row (the window's oldest is 0)."""

    subject: Subject | None
    row: int = -1


OWN_TEXT: Final = Part(None)
"""The scored event's own text."""


class Effect(NamedTuple):
    """What a part does to a score."""

    part: Part
    without: float
    """The score without it."""
    log_odds: float
    """What it adds to the score's log-odds, two decimals."""
    telling: Part
    """The one of its features that by itself does most of it; the part itself, where it is one."""


class Occlusion:
    """Takes parts of a scorer's inputs away.

    An input is scored in one call with its own variants and no others: its effects depend on nothing but itself.
    """

    def __init__(self, scorer: ExplainableScorer, features: FeatureSet) -> None:
        self._scorer = scorer
        self._features = features
        self._subjects = subjects(features.declared)
        found = {place: _field(feature) for place, feature in enumerate(features.declared)}
        self._fields = {place: field for place, field in found.items() if field is not None}

    def effects(self, event_type: str, given: ScoringInput) -> list[Effect]:
        """The effects of all that isn't as usual: in the order of the feature set, then the text, then the window."""
        parts = self._parts(event_type, given)
        asked = list(dict.fromkeys(one for part in parts for one in (part, *_each(part))))
        whole, *found = self._scorer.score([given, *(self.without(event_type, given, [part]) for part in asked)])
        scores = dict(zip(asked, found, strict=True))

        def moved(part: Part) -> float:
            return round(log_odds(whole) - log_odds(scores[part]), 2)

        choose = {part: max if moved(part) > 0 else min for part in parts}
        return [Effect(part, scores[part], moved(part), choose[part](_each(part), key=moved)) for part in parts]

    def without(self, event_type: str, given: ScoringInput, parts: Collection[Part]) -> ScoringInput:
        """The input without some of its parts."""
        features, window, text = given
        if places := [place for subject, _ in parts if subject for place in subject.places]:
            usual, values = self._scorer.usual(event_type), list(features)
            for place in places:
                window = self._own_row(window, place, features[place], usual[place])
                values[place] = usual[place]
            if self._features.complete:
                self._features.complete(values)
            features = tuple(values)
        if gone := {part.row for part in parts if part.row >= 0}:
            rows = range(len(window) // ROW_SIZE)
            window = b"".join([window[row * ROW_SIZE : (row + 1) * ROW_SIZE] for row in rows if row not in gone])
        return ScoringInput(features, window, "" if OWN_TEXT in parts else text)

    def _own_row(self, window: bytes, place: int, value: float, usual: float) -> bytes:
        """The window, where the scored event's row says the same as a feature that becomes `usual`: with that amount;
        or, where a field's value is newer to the user than usual, with the latest value before."""
        field = self._fields.get(place)
        if field is None:
            return window
        if field == _AMOUNT:
            return _replaced(window, field, -1 if isnan(usual) else round(usual * AMOUNT_SCALE))
        newer = value < usual if self._features.declared[place].aggregate == "same" else value > usual
        earlier = [row[field] for row in WINDOW_ROW.iter_unpack(window[:-ROW_SIZE]) if row[field]] if newer else []
        return _replaced(window, field, earlier[-1]) if earlier else window

    def _parts(self, event_type: str, given: ScoringInput) -> list[Part]:
        """All of the input that isn't as usual."""
        usual = self._scorer.usual(event_type)
        unusual = {place for place, value in enumerate(given.features) if _differ(value, usual[place])}
        found = [
            Part(subject._replace(places=tuple([place for place in subject.places if place in unusual])))
            for subject in self._subjects
            if not unusual.isdisjoint(subject.places)
        ]
        if given.text and self._scorer.reads_text:
            found.append(OWN_TEXT)
        past = len(given.window) // ROW_SIZE - 1
        return found + [Part(None, row) for row in range(max(0, past + 1 - self._scorer.window_events), past)]


def log_odds(score: float) -> float:
    """The natural logarithm of a probability's odds."""
    bounded = min(max(score, _LEAST), 1 - _LEAST)
    return log(bounded / (1 - bounded))


def _each(part: Part) -> list[Part]:
    """Each feature of several, as a part of its own."""
    subject = part.subject
    return [Part(subject._replace(places=(place,))) for place in subject.places] if subject else [part]


def _field(feature: WindowedFeature) -> int | None:
    """The place in a window's row of what a feature says of the scored event itself."""
    if feature.entity == "event":
        return _AMOUNT if feature.field == "amount" else None
    said = feature.entity == "user" and feature.aggregate in ("same", "changed")
    return _FIELDS.get(feature.field or "") if said else None


def _replaced(window: bytes, field: int, value: int) -> bytes:
    """The window with another value in its last row."""
    fields = list(WINDOW_ROW.unpack(window[-ROW_SIZE:]))
    fields[field] = value
    return window[:-ROW_SIZE] + WINDOW_ROW.pack(*fields)


def _differ(value: float, usual: float) -> bool:
    """Usual values were learnt in single precision."""
    return not isclose(value, usual, rel_tol=_SINGLE) and not (isnan(value) and isnan(usual))
