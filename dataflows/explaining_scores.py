"""Why an event has its score: the log replayed up to it, its user judged anew, and what would have been otherwise."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir
from typing import Final, NamedTuple

import msgspec

from contracts.decisions import DECIMALS, Reason, RiskUpdate, Versions
from contracts.events import Event, Label, Position
from contracts.scoring import ROW_SIZE, WINDOW_ROW, ExplainableScorer, ScoringInput
from dataflows.explaining import Log, find_event
from dataflows.label_order import by_label_time
from dataflows.offline import replay
from operators.explainer import MOST, Explainer, strongest
from operators.features import FeatureSet
from operators.occlusion import Effect
from operators.policy import PolicyEngine, UserRisk

_NOWHERE: Final = Position("", 0, 0)
_BATCH: Final = 256
"""Events of a user that are scored at once; a busy one has more than memory holds."""


class Judge(NamedTuple):
    """What decides about events."""

    scorer: ExplainableScorer
    features: FeatureSet
    engine: PolicyEngine
    explainer: Explainer

    @property
    def versions(self) -> Versions:
        """Of all that decides."""
        return Versions(self.scorer.version, self.engine.policy.version, self.features.version)

    def scores(self, inputs: Sequence[ScoringInput]) -> list[float]:
        """As the flow would have them."""
        parts = (inputs[start : start + _BATCH] for start in range(0, len(inputs), _BATCH))
        return [round(score, DECIMALS) for part in parts for score in self.scorer.score(part)]


class Moved(NamedTuple):
    """A part of what was known, what it did to the score, and how that is told."""

    effect: Effect
    reason: Reason


class Otherwise(NamedTuple):
    """How an event would have been judged without some parts of what was known."""

    without: tuple[Reason, ...]
    update: RiskUpdate


class Account(NamedTuple):
    """Why an event was judged as it was."""

    event: Event
    given: ScoringInput
    update: RiskUpdate
    moved: list[Moved]
    """By all that isn't as usual, the strongest first, whichever way they move the score."""
    otherwise: list[Otherwise]
    """Without each of the model's reasons, and without all."""


def account_for(log: Log, judge: Judge, event_id: str, user_id: str | None, where: str) -> Account:
    """Why an event of a log has its score; `where` tells the log.

    Raises UserError where there is no such event, or where several users have one and none is named.
    """
    event = find_event(log.events(), event_id, user_id, where)
    with by_label_time(log.labels(), Path(gettempdir())) as labels:
        own = _retrace(log.events(), labels, judge.features, event)
    state = None
    scores = judge.scores([given for _, given in own])
    for (earlier, given), score in zip(own[:-1], scores, strict=False):
        state, _ = _judge(judge, state, earlier, given, score)
    given = own[-1][1]
    _, update = _judge(judge, state, event, given, scores[-1])
    moved = _moved(judge, event, given)
    return Account(event, given, update, moved, list(_otherwise(judge, state, event, given, moved)))


def _moved(judge: Judge, event: Event, given: ScoringInput) -> list[Moved]:
    effects = judge.explainer.occlusion.effects(event.event_type, given)
    effects.sort(key=lambda effect: -abs(effect.log_odds))
    return [Moved(effect, judge.explainer.told(event.event_type, given, effect)) for effect in effects]


def _retrace(
    events: Iterable[Event], labels: Iterable[Label], features: FeatureSet, event: Event
) -> list[tuple[Event, ScoringInput]]:
    """What a scorer would have been given for each of the user's events, up to the one that is explained."""
    own: list[tuple[Event, ScoringInput]] = []

    def found() -> bool:
        return bool(own) and own[-1][0].event_id == event.event_id

    read = takewhile(lambda _: not found(), events)
    for one, given in replay(read, labels, features):
        if one.user_id == event.user_id and not found():
            own.append((one, given))
    return own


def _judge(
    judge: Judge, state: UserRisk | None, event: Event, given: ScoringInput, score: float
) -> tuple[UserRisk | None, RiskUpdate]:
    decision = judge.engine.decide(state, event, given.features, score, False, _NOWHERE, judge.versions)
    return decision.state, decision.update


def _otherwise(
    judge: Judge, state: UserRisk | None, event: Event, given: ScoringInput, moved: Sequence[Moved]
) -> Iterator[Otherwise]:
    told = {one.effect.part: one.reason for one in moved}
    chosen = tuple(effect.part for effect in strongest([one.effect for one in moved])[:MOST])
    ways = [*((part,) for part in chosen), *([chosen] if len(chosen) > 1 else [])]
    inputs = [judge.explainer.occlusion.without(event.event_type, given, parts) for parts in ways]
    for parts, one, score in zip(ways, inputs, judge.scores(inputs), strict=True):
        amount = WINDOW_ROW.unpack(one.window[-ROW_SIZE:])[1]
        changed = msgspec.structs.replace(event, amount=None if amount < 0 else amount, text=one.text)
        yield Otherwise(tuple(told[part] for part in parts), _judge(judge, state, changed, one, score)[1])
