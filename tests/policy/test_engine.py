"""What is decided about an event."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.decisions import PolicyAction, Reason, Versions, encode_policy_action, encode_risk_update
from contracts.events import EVENT_TYPES, Event, Position
from contracts.messages import PolicyActionMessage, RiskUpdateMessage
from contracts.times import EARLIEST, LATEST
from operators.policy import Decision, PolicyEngine, UserRisk
from tests.policy.files import HEAD, RULES, parsed
from tests.policy.moments import taken

TIME = 1_700_000_000_000
DAY = 86_400_000
VERSIONS = Versions("model", "policy", "features")
POSITION = Position("transactions", 3, 12)
ENGINE = PolicyEngine(parsed(HEAD + RULES), ("user_count_1d",))


def decide(
    event: Event, score: float | None, state: UserRisk | None = None, late: bool = False, engine: PolicyEngine = ENGINE
) -> Decision:
    return engine.decide(state, event, (nan,), score, late, POSITION, VERSIONS)


def known(risk: float, time: int) -> UserRisk:
    return ENGINE.policy.user_risk.settled(UserRisk(risk, time))[0]


def payment(user: str = "bob", amount: float | None = None, event_type: str = "payment") -> Event:
    return Event("e1", event_type, TIME, user, "o1", None if amount is None else round(amount * 10_000))


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.update.reasons]


def test_a_harmless_event_gives_an_update_alone() -> None:
    decision = decide(payment(), 0.1234567)
    assert (decision.state, decision.judgment, decision.update.reasons) == (None, None, ())
    assert (decision.update.score, decision.update.user_risk, decision.update.level) == (0.123457, 0.0, "low")
    assert not decision.update.late
    assert not decision.update.degraded
    assert decision.update.features is None


def test_what_the_scorer_explains_follows_the_rules_reasons() -> None:
    explained = (Reason("model:amount", "The amount is 20.00; usual is 5.00."),)
    event = payment(amount=20)
    decision = ENGINE.decide(None, event, (nan,), 0.9, False, POSITION, VERSIONS, explained=explained)
    assert codes(decision) == ["likely", "unusual", "model:amount"]
    assert taken(decision)[0].reasons == decision.update.reasons
    harmless = ENGINE.decide(None, event, (nan,), 0.1, False, POSITION, VERSIONS, explained=explained)
    assert harmless.update.reasons == explained
    assert harmless.judgment is None


def test_a_hold_is_opened_with_its_cause_and_its_end() -> None:
    decision = decide(payment(amount=20), 0.9)
    likely, unusual = ENGINE.policy.rules[3].reason, ENGINE.policy.rules[5].reason
    assert decision.update.reasons == (likely, unusual)
    assert taken(decision) == [
        PolicyAction(
            "hold_order", "opened", None, "likely", "bob", "o1", "e1", TIME, TIME, TIME + DAY, (likely, unusual),
            VERSIONS, POSITION,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "score", "expected", "action"),
    [
        (payment("alice"), 0.94, ["trusted", "likely", "unusual"], None),
        (payment("alice"), 0.95, ["likely", "unusual"], "hold_order"),
        (payment("mallory", 100), 0.9, ["blocked", "noted", "likely", "unusual"], "block"),
        (payment("bob", 100), 0.1, ["noted"], None),
        (payment("bob", 99.9999), 0.1, [], None),
        (payment("bob", 100), 0.5, ["unusual", "noted"], "step_up"),
        (payment("bob", event_type="login"), 0.9, ["unusual"], "step_up"),
        (payment("bob", 500), None, ["unscored", "noted"], "review"),
        (payment("bob", 499), None, ["noted"], None),
        (payment("alice", 499), None, ["noted"], None),
        (payment("trudy"), None, ["blocked"], "block"),
    ],
)
def test_the_first_rule_with_an_action_decides(
    event: Event, score: float | None, expected: list[str], action: str | None
) -> None:
    decision = decide(event, score)
    assert codes(decision) == expected
    actions = taken(decision)
    assert [one.action for one in actions] == ([action] if action else [])
    assert all(one.cause == expected[0] for one in actions)
    assert all(one.reasons == decision.update.reasons for one in actions)


def test_an_allow_is_recorded_on_request() -> None:
    engine = PolicyEngine(parsed(HEAD + RULES.replace('"allow"', '"allow"\nrecord = true')), ())
    (action,) = taken(decide(payment("alice"), 0.9, engine=engine))
    assert (action.action, action.cause, action.expires_at) == ("allow", "trusted", None)


def test_rules_see_the_score_as_it_is_written() -> None:
    assert codes(decide(payment(), 0.4999996)) == ["unusual"]
    assert codes(decide(payment(), 0.4999994)) == []


def test_the_risk_after_the_score_gives_the_level_and_reaches_the_rules() -> None:
    decision = decide(payment(), 0.4, known(0.5, TIME))
    assert decision.state is not None
    assert (decision.state.risk, decision.state.at) == (0.6, TIME)
    assert (decision.update.user_risk, decision.update.level) == (0.6, "high")
    assert codes(decision) == ["unusual"]
    assert decide(payment(), 0.1, known(0.6, TIME - DAY)).update.level == "elevated"
    assert decide(payment(), 0.1, known(0.599999, TIME - DAY)).update.level == "low"


def test_without_a_score_the_risk_only_fades_and_the_update_says_degraded() -> None:
    decision = decide(payment(), None, known(0.8, TIME - DAY))
    assert decision.state is not None
    assert decision.state.level == 1
    assert decision.update.degraded
    assert (decision.update.score, decision.update.user_risk, decision.update.level) == (0.05, 0.4, "elevated")
    assert codes(decision) == []


def test_a_late_event_is_judged_by_the_risk_that_is_known() -> None:
    state = known(0.6, TIME + DAY)
    decision = decide(payment(), 0.1, state, late=True)
    assert decision.state is state
    assert decision.update.late
    assert decision.update.user_risk == 0.6


def test_an_end_stays_within_the_times_that_travel() -> None:
    event = Event("e1", "payment", LATEST - 1, "bob")
    (action,) = taken(decide(event, 0.9))
    assert action.expires_at == LATEST - 1
    PolicyActionMessage.model_validate_json(encode_policy_action(action)[1])


events = st.builds(
    Event, st.just("e1"), st.sampled_from(EVENT_TYPES), st.integers(EARLIEST, LATEST - 1),
    st.sampled_from(["alice", "bob", "mallory"]), amount=st.none() | st.integers(0, 10**14),
)  # fmt: skip
scores = st.none() | st.floats(0, 1)
states = st.none() | st.builds(known, st.floats(0, 1).map(lambda risk: round(risk, 6)), st.integers(EARLIEST, LATEST))


@given(events, scores, states, st.booleans())
def test_every_decision_is_valid_and_repeats(
    event: Event, score: float | None, state: UserRisk | None, late: bool
) -> None:
    decision = decide(event, score, state, late)
    assert decide(event, score, state, late) == decision
    update = RiskUpdateMessage.model_validate_json(encode_risk_update(decision.update)[1])
    assert (update.degraded, update.late) == (score is None, late)
    for action in taken(decision):
        message = PolicyActionMessage.model_validate_json(encode_policy_action(action)[1])
        assert message.action not in ("review", "hold_order") or message.expires_at is not None


@given(st.permutations(range(6)), events, scores)
def test_order_alone_decides_between_rules_that_hold(order: list[int], event: Event, score: float | None) -> None:
    blocks = RULES.split("[[rules]]")[1:]
    engine = PolicyEngine(parsed(HEAD + "".join(f"[[rules]]{blocks[index]}" for index in order)), ())
    one, other = decide(event, score), decide(event, score, engine=engine)
    assert set(codes(one)) == set(codes(other))
    assert (one.update.score, one.update.user_risk, one.state) == (
        other.update.score,
        other.update.user_risk,
        other.state,
    )
    actions = {rule.id: rule.action for rule in engine.policy.rules}
    found = [rule.id for rule in engine.policy.rules if rule.id in codes(other)]
    acting = [name for name in found if actions[name]]
    assert codes(other) == acting[:1] + [name for name in found if name not in acting[:1]]


def test_reasons_are_the_rules_sentences() -> None:
    assert decide(payment(), 0.5).update.reasons == (Reason("unusual", "The payment is unusual."),)
