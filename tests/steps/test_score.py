"""Every event goes on, with its score or without: in order, whatever the scorer does."""

from collections.abc import Callable, Sequence
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event
from contracts.scoring import ROW_SIZE, ScoringInput
from dataflows.steps.score import ScoreStep
from operators.explainer import Explainer
from operators.features import parse_feature_set
from operators.packs import Arrival, Enriched, Joined, ScoredPack, Tidings
from tests.growth import Growth

BAD = 0.25
"""The feature whose batches the scorer can't score."""


class Scorer:
    """Gives each input's feature as its score, or what `answer` makes of it; keeps the sizes of its batches."""

    version = "test"
    feature_names = ()
    window_events = 16
    reads_text = False

    def __init__(self, answer: Callable[[list[float]], list[float]] = list) -> None:
        self._answer = answer
        self.batches: list[int] = []

    def score(self, batch: Sequence[ScoringInput]) -> list[float]:
        self.batches.append(len(batch))
        return self._answer([one.features[0] for one in batch])


def failing(features: list[float]) -> list[float]:
    if BAD in features:
        raise RuntimeError("the model can't")
    return features


def event(number: int, feature: float, rows: int = 1) -> Enriched:
    arrival = Arrival(Event(f"e{number}", "payment", 0, "u"), 0, number, False, 0)
    return Enriched(arrival, [feature], bytes(rows * ROW_SIZE), 0, False)


def scores(packs: Sequence[tuple[str, ScoredPack]]) -> list[float | None]:
    return [scored.score for _, pack in packs for scored in pack.scored]


def scored_by(answer: Callable[[list[float]], list[float]], features: Sequence[float]) -> list[float | None]:
    events = [event(number, feature) for number, feature in enumerate(features)]
    return scores(list(ScoreStep(Scorer(answer), 100, 1.0)([("07", Joined(events))])))


@given(
    st.lists(st.tuples(st.integers(0, 63), st.lists(st.tuples(st.floats(0, 1), st.integers(1, 4)), max_size=5))),
    st.integers(1, 20),
)
def test_order_is_kept_and_each_gets_its_own_score(
    groups: list[tuple[int, list[tuple[float, int]]]], budget: int
) -> None:
    items = [
        (f"{group:02}", [event(number, feature, rows) for number, (feature, rows) in enumerate(events)])
        for group, events in groups
    ]
    scorer = Scorer()
    tidings = [Tidings([], [], number, False) if number % 2 else None for number in range(len(items))]
    joined = [(key, Joined(events, along)) for (key, events), along in zip(items, tidings, strict=True)]
    packs = list(ScoreStep(scorer, budget, 1.0)(joined))
    assert [(key, pack.group, [one.enriched for one in pack.scored]) for key, pack in packs] == [
        (key, int(key), events) for key, events in items
    ]
    assert [pack.tidings for _, pack in packs] == tidings
    assert scores(packs) == [round(one.features[0], 6) for _, events in items for one in events]
    assert sum(scorer.batches) == sum(len(events) for _, events in items)


def test_without_a_scorer_there_is_no_score() -> None:
    packs = list(ScoreStep(None, 100, 1.0)([("03", Joined([event(0, 0.5), event(1, 0.5)]))]))
    assert [(key, pack.group) for key, pack in packs] == [("03", 3)]
    assert scores(packs) == [None, None]


def test_one_bad_input_degrades_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    scorer = Scorer(failing)
    events = [event(0, 0.5), event(1, BAD), event(2, 1.0), event(3, 0.125, rows=2)]
    assert scores(list(ScoreStep(scorer, 100, 1.0)([("00", Joined(events))]))) == [0.5, None, 1.0, 0.125]
    assert scorer.batches == [4, 1, 1, 1, 1]
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_scorer_that_always_fails_is_told_once_and_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(0.125)
    step = ScoreStep(Scorer(clock.answer), 100, 1.0, clock)
    for _ in range(200):  # each a batch of three, and then each of its events
        assert scores(list(step([("00", Joined([event(number, BAD) for number in range(3)]))]))) == [None] * 3
    first, second = caplog.records
    assert first.getMessage() == 'the scorer failed on 3 events: RuntimeError("the model can\'t")'
    assert first.exc_info is not None
    assert second.getMessage().endswith("(480 since this was last told)")
    assert second.exc_info is None


@pytest.mark.parametrize("bad", [nan, inf, -inf, -0.000_001, 1.000_001, 7.0])
def test_what_is_no_probability_is_no_score(bad: float) -> None:
    assert scored_by(list, [0.0, bad, 1.0]) == [0.0, None, 1.0]


def test_scores_are_plain_numbers_rounded_to_six_decimals() -> None:
    assert scored_by(list, [0.123_456_7, 1e-9, 1 - 1e-9]) == [0.123_457, 0.0, 1.0]


@pytest.mark.parametrize("answer", [lambda features: features[1:], lambda features: [*features, 0.5]])
def test_too_few_or_too_many_are_no_scores(answer: Callable[[list[float]], list[float]]) -> None:
    assert scored_by(answer, [0.1, 0.2]) == [None, None]


class Clock:
    """Goes on by `step` seconds whenever the scorer is asked."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self._step = step

    def __call__(self) -> float:
        return self.now

    def answer(self, features: list[float]) -> list[float]:
        self.now += self._step
        return failing(features)


def scored_within(deadline: float, step: float, features: Sequence[float]) -> tuple[list[float | None], list[int]]:
    clock = Clock(step)
    scorer = Scorer(clock.answer)
    events = [event(number, feature) for number, feature in enumerate(features)]
    return scores(list(ScoreStep(scorer, 1, deadline, clock)([("00", Joined(events))]))), scorer.batches


def test_a_batch_past_its_deadline_and_what_waits_behind_it_have_no_score() -> None:
    assert scored_within(1.0, 1.0, [0.1, 0.2, 0.3]) == ([0.1, 0.2, 0.3], [1, 1, 1])
    assert scored_within(1.0, 1.5, [0.1, 0.2, 0.3]) == ([None, None, None], [1])


def test_what_fails_too_slowly_is_not_tried_again() -> None:
    clock = Clock(1.5)
    scorer = Scorer(clock.answer)
    events = [event(0, 0.5), event(1, BAD)]
    assert scores(list(ScoreStep(scorer, 100, 1.0, clock)([("00", Joined(events))]))) == [None, None]
    assert scorer.batches == [2]


class Explaining(Scorer):
    """Knows that 0.25 is usual; each input alone is scored by its feature."""

    def usual(self, event_type: str) -> tuple[float, ...]:
        return (BAD,)


def reasons_by(scorer: Explaining, features: Sequence[float], clock: Callable[[], float] = float) -> list[int]:
    """How many reasons each event gets where those from 0.5 on are explained."""
    amount = '[[features]]\nname = "amount"\nentity = "event"\naggregate = "value"\nfield = "amount"\n'
    explainer = Explainer.of(scorer, parse_feature_set(f'name = "one"\n{amount}', "one.toml"), 0.5)
    step = ScoreStep(scorer, 100, 1.0, clock, explainer)
    packs = list(step([("00", Joined([event(number, feature) for number, feature in enumerate(features)]))]))
    assert scores(packs) == list(features)
    return [len(scored.reasons) for _, pack in packs for scored in pack.scored]


def test_only_scores_from_the_bound_on_get_reasons() -> None:
    scorer = Explaining()
    assert reasons_by(scorer, [0.5, 0.499, 1.0]) == [1, 0, 1]
    assert scorer.batches == [3, 2, 2]


def test_a_scorer_that_cannot_explain_keeps_its_scores(caplog: pytest.LogCaptureFixture) -> None:
    unexplained = Growth("sealwax_unexplained_scores_total")
    assert reasons_by(Explaining(failing), [0.5, 0.375, 0.75]) == [0, 0, 0]
    assert unexplained() == 2
    (record,) = caplog.records
    assert record.getMessage() == 'the scorer failed to explain a score: RuntimeError("the model can\'t")'


def test_past_the_deadline_scores_get_no_reasons(caplog: pytest.LogCaptureFixture) -> None:
    clock, unexplained = Clock(0.75), Growth("sealwax_unexplained_scores_total")

    def slowly(features: list[float]) -> list[float]:
        clock.answer([])
        return features

    assert reasons_by(Explaining(slowly), [0.5, 0.625, 0.75, 0.875], clock) == [1, 1, 0, 0]
    assert unexplained() == 2
    assert [record.getMessage() for record in caplog.records] == ["explaining took longer than 1 s"]
