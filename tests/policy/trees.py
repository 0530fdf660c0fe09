"""Any condition, and any moment that it may look at."""

from math import nan

from hypothesis import strategies as st

from contracts.events import EVENT_TYPES, Event
from operators.policy.tree import (
    All,
    AnyOf,
    Arithmetic,
    Comparison,
    Constant,
    Membership,
    Name,
    Negative,
    Not,
    Presence,
    TextTest,
)
from tests.policy.moments import CUTOFF, FEATURES, SEGMENTS, Moment

WORDS = ("DE", "FR", "DEFRA", "E")
few = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0, 100.0])
levels = st.sampled_from(["low", "high"])
level_name = Name("level", "text", 0)

number_names = st.sampled_from(
    [
        "score",
        "user_risk",
        "event.amount",
        "event.attributes.items",
        "threshold.hold",
        *(f"feature.{name}" for name in FEATURES),
    ]
).map(lambda path: Name(path, "number", 0))
text_names = st.sampled_from(["event.country", "event.category", "event.text", "event.attributes.channel"]).map(
    lambda path: Name(path, "text", 0)
)
truth_names = st.sampled_from(["late", "degraded", "event.attributes.gift"]).map(lambda path: Name(path, "truth", 0))
words = st.sampled_from(WORDS)
PRESENT = ("event.", "feature.")
"""What may be asked for by `has()` begins so."""

numbers = st.recursive(
    number_names | st.just(CUTOFF) | few.map(lambda value: Constant(value, "number")),
    lambda inner: st.builds(Negative, inner) | st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner),
    max_leaves=4,
)
texts = text_names | words.map(lambda value: Constant(value, "text"))
atoms = st.one_of(
    truth_names,
    st.sampled_from(list(SEGMENTS.values())),
    st.booleans().map(lambda value: Constant(value, "truth")),
    st.builds(Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers, numbers, st.just("number")),
    st.builds(Comparison, st.sampled_from(["==", "!="]), texts, texts, st.just("text")),
    levels.map(lambda level: Comparison("==", level_name, Constant(level, "text"), "text")),
    st.builds(Membership, number_names, st.frozensets(few, min_size=1, max_size=3)),
    st.builds(Membership, text_names, st.frozensets(words, min_size=1, max_size=3)),
    st.builds(TextTest, st.sampled_from(["contains", "startsWith", "endsWith"]), text_names, words),
    st.builds(Presence, (text_names | number_names | truth_names).filter(lambda name: name.path.startswith(PRESENT))),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)

maybe = few | st.just(nan)
maybe_words = words | st.just("")
events = st.builds(
    Event, st.just("e"), st.sampled_from(EVENT_TYPES), st.just(1_700_000_000_000), st.just("alice"),
    amount=st.none() | few.map(lambda value: int(value * 10_000)),
    country=maybe_words, category=maybe_words, text=maybe_words,
    attributes=st.none() | st.dictionaries(
        st.sampled_from(["channel", "items", "gift"]), st.sampled_from(["c2c", "DE", 0.5, 100, True, False])
    ),
)  # fmt: skip
moments = st.builds(Moment, maybe, few, levels, st.booleans(), events, st.tuples(*[maybe] * len(FEATURES)))
