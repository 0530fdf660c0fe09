"""What occlusion says of a scorer whose reasons are known: one whose log-odds are a sum."""

from collections.abc import Sequence
from math import exp, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EVENT_TYPES, Event
from contracts.scoring import ROW_SIZE, WINDOW_ROW, ScoringInput, window_row
from operators.explainer import LEAST, MOST, Explainer, strongest
from operators.features import parse_feature_set
from operators.occlusion import OWN_TEXT, Effect, Occlusion, Part, log_odds

FEATURES = parse_feature_set(
    """
name = "few"
[[features]]
name = "amount"
entity = "event"
aggregate = "value"
field = "amount"
[[features]]
name = "user_count_{window}"
entity = "user"
aggregate = "count"
windows = ["1h", "1d"]
[[features]]
name = "user_same_device_{window}"
entity = "user"
aggregate = "same"
field = "device_id"
windows = ["30d"]
[[features]]
name = "amount_per_event"
expression = "amount / user_count_1d"
""",
    "few.toml",
)
USUAL = (50.0, 1.0, 2.0, 10.0, 25.0)
WEIGHTS = (0.01, 0.5, 0.25, -0.1, 0.0)
LOGIN = 0.75
"""What each past login adds."""
LETTER = 0.05
"""What each letter of a text adds."""


class Sum:
    """The log-odds: a sum over features, unknown ones 0, past logins, and the letters of the event's own text."""

    version = "sum"
    feature_names = FEATURES.names
    window_events = 4
    reads_text = True

    def __init__(self, weights: Sequence[float] = WEIGHTS) -> None:
        self._weights = weights
        self.seen: list[ScoringInput] = []

    def usual(self, event_type: str) -> tuple[float, ...]:
        return USUAL if event_type in EVENT_TYPES else ()

    def score(self, batch: Sequence[ScoringInput]) -> list[float]:
        self.seen += batch
        return [1 / (1 + exp(-self._odds(one))) for one in batch]

    def _odds(self, one: ScoringInput) -> float:
        rows = list(WINDOW_ROW.iter_unpack(one.window[-self.window_events * ROW_SIZE :]))
        logins = sum(EVENT_TYPES[row[-1]] == "login" for row in rows[:-1])
        known = [0.0 if isnan(value) else value for value in one.features]
        return (
            sum(w * v for w, v in zip(self._weights, known, strict=True))
            + LOGIN * logins
            + LETTER * len(one.text)
            - 2.0
        )


def past(kind: str, minute: int, device: str = "", amount: int | None = None) -> Event:
    return Event(f"e{minute}", kind, 1_767_225_600_000 + 60_000 * minute, "u", device_id=device, amount=amount)


def window(*events: Event) -> bytes:
    return b"".join(map(window_row, events))


EVENT = past("payment", 30, "new", 3_000_000)
WINDOW = window(past("login", 3, "old"), past("payment", 9, "old", 1_000_000), past("login", 10), EVENT)
GIVEN = ScoringInput((300.0, 3.0, 6.0, 1.0, 50.0), WINDOW)

values = st.one_of(st.just(nan), st.floats(0, 10).map(lambda value: round(value, 3)), st.sampled_from((1.0, 2.0, 10.0)))


def named(effects: Sequence[Effect]) -> dict[str | int, Effect]:
    return {one.part.subject.code if one.part.subject else one.part.row: one for one in effects}


@given(st.tuples(values, values, values, values).map(lambda four: (*four, nan)))
def test_of_a_sum_each_effect_is_its_own_term(features: tuple[float, ...]) -> None:
    given = ScoringInput(features, WINDOW)
    effects = Occlusion(Sum(), FEATURES).effects("payment", given)

    def term(*places: int) -> float:
        known = [0.0 if isnan(features[place]) else features[place] for place in places]
        return sum(WEIGHTS[place] * (value - USUAL[place]) for place, value in zip(places, known, strict=True))

    expected = {"amount": term(0), "user-activity": term(1, 2), "user-same-device": term(3)}
    found = named(effects)
    for code, effect in expected.items():
        assert (found[code].log_odds if code in found else 0.0) == pytest.approx(effect, abs=0.006)
    assert [found[row].log_odds for row in range(3)] == [LOGIN, 0.0, LOGIN]
    (score,) = Sum().score([given])
    assert [log_odds(score) - log_odds(one.without) for one in effects] == pytest.approx(
        [one.log_odds for one in effects], abs=0.006
    )


def test_what_is_as_usual_is_not_scored_again() -> None:
    scorer = Sum()
    effects = Occlusion(scorer, FEATURES).effects("payment", ScoringInput(USUAL, window(EVENT)))
    assert (effects, len(scorer.seen)) == ([], 1)


def test_a_value_beyond_single_precision_is_as_usual() -> None:
    class Third(Sum):
        def usual(self, event_type: str) -> tuple[float, ...]:
            return (float(np.float32(1 / 3)), *USUAL[1:])

    given = ScoringInput((1 / 3, *USUAL[1:]), window(EVENT))
    assert Occlusion(Third(), FEATURES).effects("payment", given) == []


def test_what_follows_from_a_feature_follows_it() -> None:
    parts = named(Occlusion(Sum(), FEATURES).effects("payment", GIVEN))
    without = Occlusion(Sum(), FEATURES).without("payment", GIVEN, [parts["amount"].part])
    assert without.features == (50.0, 3.0, 6.0, 1.0, 50.0 / 6.0)
    assert WINDOW_ROW.unpack(without.window[-ROW_SIZE:])[1] == 500_000
    assert without.window[:-ROW_SIZE] == WINDOW[:-ROW_SIZE]


def test_a_new_device_becomes_the_one_before() -> None:
    occlusion = Occlusion(Sum(), FEATURES)
    part = named(occlusion.effects("payment", GIVEN))["user-same-device"].part
    own = WINDOW_ROW.unpack(occlusion.without("payment", GIVEN, [part]).window[-ROW_SIZE:])
    assert own[3] == WINDOW_ROW.unpack(WINDOW[ROW_SIZE : 2 * ROW_SIZE])[3] != WINDOW_ROW.unpack(WINDOW[-ROW_SIZE:])[3]
    often = GIVEN._replace(features=(300.0, 3.0, 6.0, 12.0, 50.0))
    assert occlusion.without("payment", often, [part]).window == WINDOW
    alone = GIVEN._replace(window=window(EVENT))
    assert occlusion.without("payment", alone, [part]).window == alone.window


@pytest.mark.parametrize(
    ("features", "told"),
    [
        ((50.0, 3.0, 3.0, 10.0, nan), "user_count_1h"),
        ((50.0, 2.0, 9.0, 10.0, nan), "user_count_1d"),
        ((50.0, 1.0, 9.0, 10.0, nan), "user_count_1d"),
        ((50.0, 0.0, 1.0, 10.0, nan), "user_count_1h"),
        ((50.0, 5.0, 1.0, 10.0, nan), "user_count_1h"),
    ],
)
def test_of_several_features_the_one_that_does_most_is_told(features: tuple[float, ...], told: str) -> None:
    (effect,) = Occlusion(Sum(), FEATURES).effects("payment", ScoringInput(features, window(EVENT)))
    assert effect.telling.subject is not None
    assert [FEATURES.names[place] for place in effect.telling.subject.places] == [told]


def test_past_events_leave_the_window_and_the_others_stay() -> None:
    without = Occlusion(Sum(), FEATURES).without("payment", GIVEN, [Part(None, 0), Part(None, 2)])
    assert without == GIVEN._replace(window=WINDOW[ROW_SIZE : 2 * ROW_SIZE] + WINDOW[-ROW_SIZE:])


def test_the_event_s_own_text_is_a_part_where_it_is_read() -> None:
    given = ScoringInput(USUAL, window(past("login", 10), EVENT), "Great stuff.")
    occlusion = Occlusion(Sum(), FEATURES)
    own, _ = occlusion.effects("review", given)
    assert own.part == own.telling == OWN_TEXT
    assert own.log_odds == pytest.approx(12 * LETTER)
    assert occlusion.without("review", given, [OWN_TEXT]) == given._replace(text="")
    assert occlusion.without("review", given, [Part(None, 0)]) == given._replace(window=window(EVENT))
    assert [(one.code, one.text) for one in Explainer(Sum(), FEATURES, 0.5).reasons(EVENT, given)] == [
        ("model:past-login", "Before it came the user's login of 2026-01-01 00:10:00 (UTC)."),
        ("model:text", "What the payment says itself, in a text of 12 characters."),
    ]

    class Deaf(Sum):
        reads_text = False

    assert OWN_TEXT not in [one.part for one in Occlusion(Deaf(), FEATURES).effects("review", given)]


def test_only_what_the_scorer_reads_of_a_longer_window() -> None:
    longer = GIVEN._replace(window=window(past("login", 1), past("login", 2)) + WINDOW)
    effects = Occlusion(Sum(), FEATURES).effects("payment", longer)
    assert [one.part.row for one in effects if one.part.subject is None] == [2, 3, 4]


def test_reasons_are_the_strongest_first_and_none_is_weak() -> None:
    explainer = Explainer.of(Sum(), FEATURES, 0.5)
    assert explainer is not None
    assert [(one.code, one.text) for one in explainer.reasons(EVENT, GIVEN)] == [
        ("model:amount", "The amount is 300.00; usual is 50.00."),
        ("model:user-activity", "The count of the user's events in the last hour is 3; usual is 1."),
        ("model:user-same-device", "The count of the user's events with this device in the last 30 days is 1; "
         "usual is 10."),
    ]  # fmt: skip
    known = GIVEN._replace(features=(52.0, 1.0, 2.0, 10.0, 26.0))
    assert [(one.code, one.text) for one in explainer.reasons(EVENT, known)] == [
        ("model:past-login", "Before it came the user's login of 2026-01-01 00:10:00 (UTC)."),
        ("model:past-login", "Before it came the user's login of 2026-01-01 00:03:00 (UTC)."),
    ]


@given(st.tuples(values, values, values, values).map(lambda four: (*four, nan)), st.integers(0, 3))
def test_every_reason_raised_the_score(features: tuple[float, ...], gone: int) -> None:
    occlusion = Occlusion(Sum(), FEATURES)
    effects = occlusion.effects("payment", ScoringInput(features, WINDOW[gone * ROW_SIZE :]))
    chosen = strongest(effects)
    assert [one.log_odds for one in chosen] == sorted((one.log_odds for one in chosen), reverse=True)
    assert all(one.log_odds >= LEAST for one in chosen)
    assert {id(one) for one in effects if one.log_odds >= LEAST} == {id(one) for one in chosen}
    explainer = Explainer(Sum(), FEATURES, 0.5)
    assert len(explainer.reasons(EVENT, ScoringInput(features, WINDOW[gone * ROW_SIZE :]))) == min(MOST, len(chosen))


class Untaught(Sum):
    """Has never learnt what is usual."""

    def usual(self, event_type: str) -> tuple[float, ...]:
        return ()


def test_who_knows_nothing_usual_explains_nothing() -> None:
    assert Explainer.of(None, FEATURES, 0.5) is None
    assert Explainer.of(Untaught(), FEATURES, 0.5) is None


def test_scores_from_the_bound_on_are_explained() -> None:
    explainer = Explainer(Sum(), FEATURES, 0.5)
    assert [explainer.wants(score) for score in (None, 0.0, 0.499999, 0.5, 1.0)] == [False, False, False, True, True]
