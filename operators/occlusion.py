"""What a score rests on: each part of the input is taken away in its turn, and the input scored again without it.

Occlusion (Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014). Features that are
taken away become what is usual for legitimate events of the type, and expressions over them follow; a past event leaves
the window.
"""

from collections.abc import Collection, Iterator, Sequence
from math import isnan, log
from typing import Final, NamedTuple

from contracts.events import AMOUNT_SCALE
from contracts.scoring import ROW_SIZE, WINDOW_ROW, ExplainableScorer, ScoringInput
from operators.features import FeatureSet
from operators.features.measure import WindowedFeature
from operators.features.subjects import Subject, subjects

_LEAST: Final = 1e-6
"""Scores closer to 0 or 1 are not told apart: they are rounded so."""

_AMOUNT: Final = 1
_FIELDS: Final = {"merchant_id": 2, "device_id": 3, "card_id": 4, "ip": 5, "country": 6}
"""Places in a window's row."""


class Part(NamedTuple):
    """What can be taken away: the features of a subject, or a past event by its row (the window's oldest is 0)."""

    subject: Subject | None
    row: int = -1


class Effect(NamedTuple):
    """What a part does to a score."""

    part: Part
    without: float
    """The score without it."""
    log_odds: float
    """What it adds to the score's log-odds, two decimals."""


class Occlusion:
    """Takes parts of a scorer's inputs away.

    An input is scored with its own variants and no others, so that its effects depend on nothing but itself.
    """

    def __init__(self, scorer: ExplainableScorer, features: FeatureSet) -> None:
        self._scorer = scorer
        self._features = features
        self._subjects = subjects(features.declared)
        found = {place: _field(feature) for place, feature in enumerate(features.declared)}
        self._fields = {place: field for place, field in found.items() if field is not None}

    def effects(self, event_type: str, given: ScoringInput) -> tuple[float, list[Effect]]:
        """The input's score, and the effects of what isn't as usual: in the feature set's order, then the window's."""
        parts = list(self._parts(event_type, given))
        score, *others = self._scorer.score([given, *(self.without(event_type, given, [part]) for part in parts)])
        whole = log_odds(score)
        return score, [
            Effect(part, without, round(whole - log_odds(without), 2))
            for part, without in zip(parts, others, strict=True)
        ]

    def narrowed(self, event_type: str, given: ScoringInput, effects: Sequence[Effect]) -> list[Part]:
        """The effects' parts, each with the one feature that by itself does most of it in place of several."""
        usual = self._scorer.usual(event_type)
        alone = [list(_each(effect.part, given.features, usual)) for effect in effects]
        asked = [one for some in alone if len(some) > 1 for one in some]
        scores = self._scorer.score([self.without(event_type, given, [one]) for one in asked]) if asked else []
        left = dict(zip(asked, (round(log_odds(score), 2) for score in scores), strict=True))
        choices = ((min if effect.log_odds > 0 else max, some) for effect, some in zip(effects, alone, strict=True))
        return [choose(some, key=lambda one: left.get(one, 0.0)) for choose, some in choices]

    def without(self, event_type: str, given: ScoringInput, parts: Collection[Part]) -> ScoringInput:
        """The input without some of its parts."""
        features, window = given
        if places := [place for subject, _ in parts if subject for place in subject.places]:
            usual, values = self._scorer.usual(event_type), list(features)
            for place in places:
                window = self._own_row(window, place, features[place], usual[place])
                values[place] = usual[place]
            if self._features.complete:
                self._features.complete(values)
            features = tuple(values)
        if gone := {part.row for part in parts if part.subject is None}:
            rows = range(len(window) // ROW_SIZE)
            window = b"".join([window[row * ROW_SIZE : (row + 1) * ROW_SIZE] for row in rows if row not in gone])
        return ScoringInput(features, window)

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

    def _parts(self, event_type: str, given: ScoringInput) -> Iterator[Part]:
        usual = self._scorer.usual(event_type)
        for subject in self._subjects:
            if any(_differ(given.features[place], usual[place]) for place in subject.places):
                yield Part(subject)
        past = len(given.window) // ROW_SIZE - 1
        for row in range(max(0, past + 1 - self._scorer.window_events), past):
            yield Part(None, row)


def log_odds(score: float) -> float:
    """The natural logarithm of a probability's odds."""
    bounded = min(max(score, _LEAST), 1 - _LEAST)
    return log(bounded / (1 - bounded))


def _each(part: Part, features: Sequence[float], usual: Sequence[float]) -> Iterator[Part]:
    """The part's features that aren't as usual, each as a part of its own; a past event is one."""
    if part.subject is None:
        yield part
        return
    for place in part.subject.places:
        if _differ(features[place], usual[place]):
            yield Part(part.subject._replace(places=(place,)))


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
    return value != usual and not (isnan(value) and isnan(usual))
