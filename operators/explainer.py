"""A model's reasons: what moved a score most, as stable codes with a sentence each."""

from collections.abc import Callable
from typing import Final, TypeAlias

from contracts.decisions import Reason
from contracts.events import AMOUNT_SCALE, EVENT_TYPES, Event
from contracts.scoring import ROW_SIZE, WINDOW_ROW, ExplainableScorer, RiskScorer, ScoringInput
from contracts.times import format_time
from operators.features import FeatureSet
from operators.features.sentences import money, sentence
from operators.occlusion import OWN_TEXT, Effect, Occlusion

PREFIX: Final = "model:"
"""Of the codes: a policy's rules have none with a colon."""

MOST: Final = 3
"""So many reasons are given at most."""

LEAST: Final = 0.1
"""What moved the log-odds by less is no reason: the odds by a tenth."""


ScoreAt: TypeAlias = Callable[[int], float]
"""By event time, epoch ms."""


class Explainer:
    """Gives the reasons of scores from `explain_from` on, which may be another at another time (epoch ms).

    They depend on the event and its input alone.
    """

    def __init__(self, scorer: ExplainableScorer, features: FeatureSet, explain_from: float | ScoreAt) -> None:
        self.occlusion = Occlusion(scorer, features)
        self._scorer = scorer
        self._features = features
        self._explain_from: ScoreAt = explain_from if callable(explain_from) else lambda _: explain_from

    @classmethod
    def of(cls, scorer: RiskScorer | None, features: FeatureSet, explain_from: float | ScoreAt) -> "Explainer | None":
        """None where the scorer can't be explained."""
        if isinstance(scorer, ExplainableScorer) and all(map(scorer.usual, EVENT_TYPES)):
            return cls(scorer, features, explain_from)
        return None

    def wants(self, score: float | None, time: int = 0) -> bool:
        """Whether a score of a time is explained."""
        return score is not None and score >= self._explain_from(time)

    def reasons(self, event: Event, given: ScoringInput) -> tuple[Reason, ...]:
        """The most effective first. Raises what the scorer raises."""
        effects = self.occlusion.effects(event.event_type, given)
        return tuple(self.told(event.event_type, given, effect) for effect in strongest(effects)[:MOST])

    def told(self, event_type: str, given: ScoringInput, effect: Effect) -> Reason:
        """An effect's code and sentence."""
        subject, row = effect.telling
        if effect.telling == OWN_TEXT:
            return _own_text(event_type, given.text)
        if subject is None:
            return _past_event(given.window[row * ROW_SIZE : (row + 1) * ROW_SIZE])
        place = subject.places[0]
        text = sentence(self._features.declared[place], given.features[place], self._scorer.usual(event_type)[place])
        return Reason(PREFIX + subject.code, text)


def strongest(effects: list[Effect]) -> list[Effect]:
    """Those that raised a score by enough to be a reason, the strongest first; of equals, the later event."""
    raising = [effect for effect in effects if effect.log_odds >= LEAST]
    return sorted(raising, key=lambda effect: (-effect.log_odds, _code(effect), -effect.part.row))


def _code(effect: Effect) -> str:
    return effect.part.subject.code if effect.part.subject else ""


def _own_text(event_type: str, text: str) -> Reason:
    kind = event_type.replace("_", " ")
    return Reason(f"{PREFIX}text", f"What the {kind} says itself, in a text of {len(text):,} characters.")


def _past_event(row: bytes) -> Reason:
    time, amount, *_, event_type = WINDOW_ROW.unpack(row)
    kind, at = EVENT_TYPES[event_type], format_time(time)[:19].replace("T", " ")
    over = f" over {money(amount / AMOUNT_SCALE)}" if amount >= 0 else ""
    text = f"Before it came the user's {kind.replace('_', ' ')} of {at} (UTC){over}."
    return Reason(f"{PREFIX}past-{kind.replace('_', '-')}", text)
