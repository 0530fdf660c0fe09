"""A small policy with every kind of life, and the packs that bring it about."""

from collections.abc import Iterable, Sequence

from contracts.decisions import PolicyAction, Versions, action_id
from contracts.events import Event, Label, Limit, ManualDecision, Position
from operators.packs import Arrival, Enriched, Ruled, Scored, ScoredPack, Tidings
from operators.policy import Decided, PolicyGroup, Timeline, UserState
from operators.state import DictStates
from tests.policy.files import HEAD, parsed

START = 1_700_000_000_000
DELAY = 2_000
STAND = 100_000
EXPIRES = {
    "hold_order": 150_000, "delay_refund": 250_000, "limit": 200_000, "review": 300_000, "step_up": None, "block": None,
}  # fmt: skip
COOLDOWN = 30_000
VERSIONS = Versions("m", "p", "f")
PLACE = Position("decisions", 0, 0)

FADING = HEAD.replace('half_life = "1d"', 'half_life = "40s"\nhysteresis = 0.05')

POLICY = f"""{FADING}
[actions]
escalate_by = 0.05
decisions_stand = "{STAND}ms"

[[rules]]
id = "surely"
when = "score >= 0.95"
action = "block"
reason = "Surely fraud."

[[rules]]
id = "likely"
events = ["payment"]
when = "score >= 0.8"
action = "hold_order"
expires = "150s"
reason = "Likely fraud."

[[rules]]
id = "slow"
events = ["refund"]
when = "score >= 0.7"
action = "delay_refund"
expires = "250s"
reason = "Too many refunds."

[[rules]]
id = "few"
events = ["login"]
when = "score >= 0.7"
action = "limit"
limit = {{ amount = 200, per = "1d" }}
expires = "200s"
reason = "An odd login."

[[rules]]
id = "maybe"
when = "score >= 0.5"
action = "review"
expires = "300s"
reason = "Maybe fraud."

[[rules]]
id = "odd"
when = "score >= 0.4"
action = "step_up"
cooldown = "{COOLDOWN}ms"
reason = "Odd."

[[rules]]
id = "fine"
events = ["payment"]
when = "score < 0.1"
action = "release"
releases = ["likely", "maybe"]
reason = "It looks fine by now."
"""


def new_group(states: DictStates[UserState] | None = None, timeline: Timeline | None = None) -> PolicyGroup:
    states = DictStates() if states is None else states
    return PolicyGroup(timeline or new_timeline(), states, "transactions", DELAY)


def new_timeline() -> Timeline:
    return Timeline(parsed(POLICY), (), VERSIONS)


def scored(event: Event, score: float | None, offset: int = 0, mark: int = 0, peak: int = 0) -> Scored:
    return Scored(Enriched(Arrival(event, 0, offset, bool(mark), 5, mark, peak), [], b"", 0, bool(mark)), score)


def pack(events: Sequence[Scored] = (), outcomes: Iterable[Label | ManualDecision] = (), clock: int | None = None,
         idle: bool = False) -> ScoredPack:  # fmt: skip
    outcomes = list(outcomes)
    labels = [one for one in outcomes if isinstance(one, Label)]
    decisions = [Ruled(one, PLACE) for one in outcomes if isinstance(one, ManualDecision)]
    return ScoredPack(0, list(events), Tidings(labels, decisions, clock, idle))


def decision(id: str, time: int, verdict: str = "release", order: str = "", action_id: str = "", user: str = "bob",
             action: str = "", expires_at: int | None = None, limit: Limit | None = None,
             ) -> ManualDecision:  # fmt: skip
    return ManualDecision(id, user, action_id, order, verdict, action, expires_at, time, "ann", "Seen.", limit)


def actions(decided: Decided) -> list[PolicyAction]:
    return [action for action, _ in decided.actions]


ENDS = ("released", "confirmed", "expired")


def subject_of(action: PolicyAction) -> str:
    """What an action is on: the event, the order or the user, as far as a rule goes."""
    named = {"event": f"event {action.event_id}", "order": action.order_id, "user": action.cause}
    return named[action.subject]


def check_lives(taken: Sequence[PolicyAction], over: bool) -> None:
    """Every transition follows an opening; nothing has two open actions; nothing follows an end.

    With `over`, all lives have ended that have an end.
    """
    latest: dict[str, PolicyAction] = {}
    open_subjects: dict[tuple[str, str], str] = {}
    for action in taken:
        identity = action_id(action)
        subject = (action.user_id, subject_of(action))
        if action.status == "opened":
            assert (action.follows, action.opening) == (None, None)
            if action.expires_at is not None:
                assert subject not in open_subjects, "a double hold"
                open_subjects[subject] = identity
        else:
            before = latest.pop(action.follows or "")  # an orphan, or two that follow the same, have none
            assert action.opening == (before.opening or action.follows)
            assert action.effective_at >= before.effective_at
            assert open_subjects.get(subject) == action.opening
            if action.status in ENDS or action.expires_at is None:
                del open_subjects[subject]
        if action.status not in ENDS and action.expires_at is not None:
            assert identity not in latest
            latest[identity] = action
    if over:
        assert not latest, "an orphan hold"
