"""The policy over the users of one key group: what follows from events at once, and what has to wait for its time.

Risk updates and users' risks follow at once. What happens to actions also depends on labels and decisions, which come
from other partitions. So it is settled once the clock, the least of all inputs' watermarks, has passed the event's time
less `delay`: an event sees what counts up to `delay` before it, of outcomes as of expiry, and whoever replays the same
input sees the same. In steady state the clock has passed already, and nothing waits.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from contracts.decisions import PolicyAction, RiskUpdate, UserRiskChange
from contracts.events import Position
from operators.packs import Ruled, Scored, ScoredPack
from operators.policy.life import Judgment, Life, Outcome, Vain, outcome_order
from operators.policy.lifecycle import Lifecycle
from operators.policy.risk import NEVER, UserRisk
from operators.policy.state import UserState
from operators.policy.timeline import Timeline
from operators.settling import UNKNOWN
from operators.state import States


@dataclass(slots=True)
class Decided:
    """What came out, in order; each with the wall-clock time (epoch ms) at which its event was received, if any."""

    updates: list[tuple[RiskUpdate, int]] = field(default_factory=list)
    actions: list[tuple[PolicyAction, int | None]] = field(default_factory=list)
    changes: list[tuple[UserRiskChange, int | None]] = field(default_factory=list)
    vain: list[Vain] = field(default_factory=list)


class PolicyGroup:
    """`timeline` tells what is in force when, `topic` is that of the events, `delay` (ms) what settling waits; `shown`
    names the features that an update shows: all of the feature set's, or none."""

    def __init__(
        self,
        timeline: Timeline,
        states: States[UserState],
        topic: str,
        delay: int,
        shown: tuple[str, ...] = (),
    ) -> None:
        self._timeline = timeline
        self._lifecycle = Lifecycle(timeline.standing)
        self._states = states
        self._topic = topic
        self._delay = delay
        self._shown = shown
        self._latest = UNKNOWN
        self._due: dict[str, int] = {}
        self._changed: set[str] = set()
        self._agenda: list[tuple[int, str]] = []
        self._outcomes: dict[str, list[Outcome]] = {}
        self._judgments: list[Judgment] = []
        self._judged: Counter[str] = Counter()
        self.clock = UNKNOWN
        """All inputs have passed this time, and their events have come."""
        self.idle = False
        """Nothing comes from any input."""

    def on_pack(self, pack: ScoredPack) -> Decided:
        """Take in one pack, in order."""
        decided = Decided()
        if pack.tidings is not None:
            self.wait([*pack.tidings.labels, *pack.tidings.decisions], ())
        for scored in pack.scored:
            self._decide(scored, decided)
        if pack.tidings is not None and pack.tidings.clock is not None:
            self.clock = max(self.clock, pack.tidings.clock)
            self.idle = pack.tidings.idle
        self._settle(decided)
        return decided

    def pass_time(self, time: int) -> Decided:
        """Let the clock go on to `time`, where no input does."""
        decided = Decided()
        self.clock = max(self.clock, time)
        self._settle(decided)
        return decided

    @property
    def due(self) -> int | None:
        """When (by the clock) something happens next, if nothing else does before; None: nothing ever does."""
        return self._agenda[0][0] if self._agenda else None

    @property
    def outcomes(self) -> list[Outcome]:
        """Those that wait for their time."""
        return sorted((one for waiting in self._outcomes.values() for one in waiting), key=outcome_order)

    @property
    def judgments(self) -> list[Judgment]:
        """Those that wait for the clock, in order."""
        return self._judgments.copy()

    def wait(self, outcomes: Iterable[Outcome], judgments: Iterable[Judgment]) -> None:
        """Let outcomes and judgments wait."""
        for outcome in outcomes:
            user = outcome.user_id
            self._outcomes.setdefault(user, []).append(outcome)
            heappush(self._agenda, (outcome_order(outcome)[0] + self._delay, user))
        for judgment in judgments:
            self._judgments.append(judgment)
            self._judged[judgment.user_id] += 1

    def remind(self, user_id: str, due: int) -> None:
        """Look at a user when the clock has reached `due`."""
        self._due[user_id] = due
        heappush(self._agenda, (due, user_id))

    def touched(self) -> dict[str, int | None]:
        """When users that have changed since the last call are to be looked at; None: never."""
        found = {user: self._due.get(user) for user in self._changed}
        self._changed.clear()
        return found

    def rest(self, state: UserState) -> UserState | None:
        """What has to be kept of a user's state; the very object where all of it has."""
        risk, life = state.risk, state.life
        if risk is not None and self._timeline.is_spent(risk, state.since, self._latest):
            risk = None
        if life is not None:
            life = life.rest(self.clock - self._delay)  # up to which outcomes have been applied
        if risk is state.risk and life is state.life:
            return state
        return UserState(risk, life, state.since) if risk is not None or life is not None else None

    def _decide(self, scored: Scored, decided: Decided) -> None:
        enriched = scored.enriched
        arrival = enriched.arrival
        event, received = arrival.event, arrival.received
        self._latest = max(self._latest, event.event_time)
        term = self._timeline.at(arrival.reached)
        state = self._states.get(event.user_id)
        risk, life = (None, None) if state is None else (state.risk, state.life)
        left = risk
        if state is not None and risk is not None and (risk.falls < term.since or state.since != term.levels_since):
            risk, told = self._timeline.brought(risk, event.user_id, state.since, term.since)
            decided.changes += [(change, received) for change in told]
        decision = term.engine.decide(
            risk,
            event,
            enriched.features,
            scored.score,
            enriched.late or event.event_time < self.clock,
            Position(self._topic, arrival.partition, arrival.offset),
            term.versions,
            arrival.mark,
            self._may_release(event.user_id, life, max(event.event_time, arrival.mark)),
            scored.reasons,
        )
        decision.update.capped = enriched.capped
        if self._shown:
            decision.update.features = dict(zip(self._shown, enriched.features, strict=True))
        decided.updates.append((decision.update, received))
        if decision.state is not left:
            self._states.put(event.user_id, UserState(decision.state, life, term.levels_since))
            self._schedule(event.user_id, decision.state, life)
            decided.changes += [(change, received) for change in decision.changes]
        if decision.judgment is not None:
            decision.judgment.received = received
            self.wait((), (decision.judgment,))

    def _may_release(self, user_id: str, life: Life | None, time: int) -> bool:
        """Whether the user may have an open action at `time`: a fact of the log, not of how far the clock is."""
        if (life is not None and life.cases) or user_id in self._judged or user_id in self._outcomes:
            return True
        return time - self._delay >= self.clock  # something may come to be that is earlier

    def _settle(self, decided: Decided) -> None:
        """Whatever the clock allows: judgments in each user's order, then what is due."""
        if self._judgments:
            self._release_judgments(decided)
        while self._agenda and self._agenda[0][0] <= self.clock:
            due, user = heappop(self._agenda)
            if self._due.get(user) == due or self._is_concerned(user):
                self._look_at(user, decided)
            else:
                self._take_outcomes(user, self.clock - self._delay)

    def _release_judgments(self, decided: Decided) -> None:
        blocked: set[str] = set()
        waiting: list[Judgment] = []
        for judgment in self._judgments:
            user, settled = judgment.user_id, judgment.now - self._delay
            if user in blocked or settled >= self.clock:
                blocked.add(user)
                waiting.append(judgment)
            else:
                self._live(user, self._states.get(user) or UserState(), settled, judgment, decided)
        self._judgments = waiting
        self._judged = Counter(judgment.user_id for judgment in waiting)

    def _is_concerned(self, user: str) -> bool:
        """Whether what is known about a user can change anything. Without an open action, labels can't."""
        waiting = self._outcomes.get(user, ())
        return bool(waiting) and (user in self._due or any(isinstance(outcome, Ruled) for outcome in waiting))

    def _look_at(self, user: str, decided: Decided) -> None:
        """What time brings a user."""
        if self._due.get(user, NEVER) <= self.clock:
            del self._due[user]
            self._changed.add(user)
        state = self._states.get(user) or UserState()
        if state.risk is not None and state.risk.falls <= self.clock:
            risk, told, since = self._timeline.fallen(state.risk, user, state.since, self.clock)
            decided.changes += [(change, None) for change in told]
            state = UserState(risk, state.life, since)
            self._states.put(user, state)
        self._live(user, state, self.clock - self._delay, None, decided)

    def _live(self, user: str, state: UserState, time: int, judgment: Judgment | None, decided: Decided) -> None:
        """The user's actions up to a time, and a judgment after it."""
        life = state.life or Life()
        rulings = life.rulings.copy()
        came = self._lifecycle.advance(life, user, self._take_outcomes(user, time), time, decided.vain)
        decided.actions += [(action, None) for action in came]
        if judgment is not None:
            taken = self._lifecycle.judge(life, judgment)
            decided.actions += [(action, judgment.received) for action in taken]
            came += taken
        if came or life.rulings != rulings:
            self._states.put(user, UserState(state.risk, life or None, state.since))
        self._schedule(user, state.risk, life)

    def _take_outcomes(self, user: str, time: int) -> list[Outcome]:
        waiting = self._outcomes.pop(user, [])
        if later := [one for one in waiting if outcome_order(one)[0] > time]:
            self._outcomes[user] = later
        return [one for one in waiting if outcome_order(one)[0] <= time]

    def _schedule(self, user: str, risk: UserRisk | None, life: Life | None) -> None:
        """Remind of a user's next change, where nothing earlier does."""
        due = NEVER if risk is None else risk.falls
        if life is not None and life.cases:
            due = min(due, min([case.ends_at for case in life.cases]) + self._delay)
        if due < self._due.get(user, NEVER):
            self.remind(user, due)
            self._changed.add(user)
