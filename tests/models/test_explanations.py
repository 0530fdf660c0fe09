"""Reasons of the event scorer's scores: what training learns for them, and that they are an event's own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.attributions import Case, Rankings
from contracts.decisions import Reason
from contracts.events import EVENT_TYPES, Event
from contracts.scoring import ExplainableScorer, ScoringInput
from dataflows.steps.score import ScoreStep
from models.checkpoint import load_checkpoint
from models.encoder import Encoder
from models.event_scorer import EventScorer
from models.fake import FakeScorer
from models.usual import learn_usual
from operators.explainer import Explainer, strongest
from operators.features import parse_feature_set
from operators.occlusion import Occlusion
from operators.packs import Arrival, Enriched, Joined
from tests.models.synthetic import NAMES, scoring_inputs, training_set

FEATURES = parse_feature_set(
    """
name = "tiny"
window_events = 6
[[features]]
name = "amount"
entity = "event"
aggregate = "value"
field = "amount"
[[features]]
name = "user_count_{window}"
entity = "user"
aggregate = "count"
windows = ["1d"]
[[features]]
name = "merchant_rate_{window}"
entity = "merchant"
aggregate = "rate"
label = "fraud"
windows = ["7d"]
""",
    "tiny.toml",
)


@pytest.fixture(scope="module")
def scorer(checkpoint: Path) -> EventScorer:
    return load_checkpoint(checkpoint, feature_names=FEATURES.names, device="cpu")


@pytest.fixture(scope="module")
def inputs() -> list[ScoringInput]:
    return scoring_inputs(training_set(events=300, seed=9))


def test_usual_is_the_median_of_the_legitimate_by_type() -> None:
    data = training_set()
    training = np.arange(0, len(data), 2)
    usual = learn_usual(data, training)
    assert list(usual) == list(EVENT_TYPES)
    types = data.scored["event_type"][training]
    logins = data.features[training[(types == EVENT_TYPES.index("login")) & (data.labels[training] == 0)]]
    for column, value in zip(logins.T, usual["login"], strict=True):
        known = column[~np.isnan(column)]
        assert value in known
        assert abs((known <= value).mean() - 0.5) < 0.01
    everything = learn_usual(data, np.arange(0))
    assert everything["login"] == (None,) * len(NAMES)
    # Of this type there is nothing: it takes what is usual for all.
    assert usual["ad_click"] not in [usual["payment"], usual["login"]]
    assert None not in usual["ad_click"]


def test_what_most_events_lack_is_usually_unknown() -> None:
    data = training_set(events=400)
    data.features[:, 1] = np.where(np.arange(400) % 5 < 2, data.features[:, 1], np.nan)
    assert [value is None for value in learn_usual(data, np.arange(400))["payment"]] == [False, True, False]


def test_a_checkpoint_brings_what_is_usual(scorer: ExplainableScorer) -> None:
    assert isinstance(scorer, ExplainableScorer)
    assert all(len(scorer.usual(kind)) == len(NAMES) for kind in EVENT_TYPES)
    assert not isinstance(FakeScorer(), ExplainableScorer)


def test_one_from_before_gives_no_reasons(scorer: EventScorer) -> None:
    before = EventScorer(
        scorer._network, scorer._encoder.model_copy(update={"usual": {}}), "old#1", torch.device("cpu")
    )
    assert Explainer.of(before, FEATURES, 0.5) is None
    text = scorer._encoder.model_dump_json(exclude={"usual"})
    assert Encoder.model_validate_json(text).usual == {}


def test_a_value_for_each_feature_is_asked_for(scorer: EventScorer) -> None:
    wrong = scorer._encoder.model_dump() | {"usual": {"payment": [1.0]}}
    with pytest.raises(ValueError, match="usual: must have a value for each feature"):
        Encoder.model_validate(wrong)


def reasons_in(step: ScoreStep, inputs: list[ScoringInput], groups: int) -> dict[int, tuple[Reason, ...]]:
    """By the number of the input, which are spread over some key groups."""
    packs: dict[str, list[Enriched]] = {}
    for number, one in enumerate(inputs):
        arrival = Arrival(Event(str(number), "payment", 0, "u"), 0, number, False, 0)
        packs.setdefault(f"{number % groups:02}", []).append(
            Enriched(arrival, list(one.features), one.window, 0, False)
        )
    scored = step([(key, Joined(events)) for key, events in packs.items()])
    return {int(one.enriched.arrival.event.event_id): one.reasons for _, pack in scored for one in pack.scored}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(40)), st.integers(1, 40), st.integers(1, 7), st.integers(6, 300))
def test_reasons_are_the_same_alone_and_in_any_company(
    scorer: EventScorer, inputs: list[ScoringInput], order: list[int], size: int, groups: int, budget: int
) -> None:
    explainer = Explainer.of(scorer, FEATURES, 0.0)
    assert explainer is not None
    step = ScoreStep(scorer, budget, 600.0, explainer=explainer)
    found = reasons_in(step, [inputs[number] for number in order[:size]], groups)
    event = Event("e", "payment", 0, "u")
    assert {order[at]: reasons for at, reasons in found.items()} == {
        number: explainer.reasons(event, inputs[number]) for number in order[:size]
    }


def test_the_planted_signs_are_found_and_taking_them_away_tells(scorer: EventScorer) -> None:
    data = training_set(events=600, seed=11)
    inputs = scoring_inputs(data)
    risky = [one for one, rate in zip(inputs, data.features[:, 2], strict=True) if rate > 0.9]
    explainer = Explainer.of(scorer, FEATURES, 0.0)
    assert explainer is not None
    event = Event("e", "payment", 0, "u")
    first = [explainer.reasons(event, one)[0].code for one in risky]
    assert first.count("model:merchant-fraud-rate") > 0.9 * len(first)
    dice = np.random.default_rng(1)
    chosen, others = [], []
    for one in risky:
        effects = explainer.occlusion.effects("payment", one)
        chosen.append(explainer.occlusion.without("payment", one, [strongest(effects)[0].part]))
        others.append(explainer.occlusion.without("payment", one, [effects[dice.integers(len(effects))].part]))
    assert np.mean(scorer.score(chosen)) < 0.5 * np.mean(scorer.score(others)) < np.mean(scorer.score(risky))


def test_the_rankings_held_against_it_rank_the_same_parts(scorer: EventScorer, inputs: list[ScoringInput]) -> None:
    rankings = Rankings(scorer, Occlusion(scorer, FEATURES))
    for one in inputs[:5]:
        case = Case("payment", one)
        parts = set(rankings.parts(case))
        for ranking in (
            rankings.occlusion, rankings.integrated_gradients, rankings.shapley, rankings.distance, rankings.chance
        ):  # fmt: skip
            ranked = ranking(case)
            assert (len(ranked), set(ranked)) == (len(parts), parts)
