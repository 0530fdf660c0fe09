"""Windows of events, as the flow would give them."""

from hypothesis import strategies as st

from contracts.events import EVENT_TYPES, Event
from contracts.scoring import ScoringInput, window_row
from models.text.settings import Levels, Names, TextSettings

FRIDAY_9H = 1_525_424_400_000
"""2018-05-04T09:00:00Z."""

OUTCOMES = ("approved", "declined", "C++ (v2)", "à l'heure", "未知")
LEVELS = Levels(names=("amount_ratio", "user_count_1d"), edges=((-1, 0, 1, 2, 3), (1, 1, 1, 1, 1)))


def settings(language: str, **more: object) -> TextSettings:
    """That know the names which `inputs` uses."""
    names = Names(outcome=OUTCOMES, country=("FR", "DE"), category=("sports", "home_goods"))
    told = {"language": language, "names": names, "features": LEVELS, "window_events": 6} | more
    return TextSettings.model_validate(told)


def scoring_input(*events: Event, features: tuple[float, ...] = (0.5, 1.0)) -> ScoringInput:
    return ScoringInput(features, b"".join(map(window_row, events)))


_ENTITY = st.sampled_from(("", "a", "b"))
_EVENTS = st.builds(
    Event,
    event_id=st.just("e"),
    event_type=st.sampled_from(EVENT_TYPES),
    event_time=st.integers(FRIDAY_9H, FRIDAY_9H + 40 * 86_400_000),
    user_id=st.just("u"),
    amount=st.none() | st.integers(0, 10**14),
    merchant_id=_ENTITY, device_id=_ENTITY, card_id=_ENTITY, ip=_ENTITY,
    country=st.sampled_from(("", "FR", "DE", "XX")),
    category=st.sampled_from(("", "sports", "home_goods", "unknown")),
    outcome=st.sampled_from(("", *OUTCOMES)),
)  # fmt: skip

inputs = st.builds(
    lambda events, features: scoring_input(*sorted(events, key=lambda one: one.event_time), features=features),
    st.lists(_EVENTS, min_size=1, max_size=6),
    st.tuples(st.floats(), st.floats()),
)
"""Of any window and features."""
