"""policy: what the policy decides on each scored event, with the users' risk."""

from typing import Final

from contracts.decisions import Versions
from contracts.events import Position
from dataflows import metrics
from dataflows.state import KeyedState, StateDirectory
from dataflows.steps.route import GROUP_KEYS
from dataflows.steps.sweeping import sweep
from operators.packs import Scored, ScoredPack
from operators.policy import Decision, PolicyEngine, UserRisk

STEP: Final = "policy"

Decided = list[tuple[Decision, int]]
"""Decisions, each with the wall-clock time (epoch ms) at which its event was received."""


class PolicyPart:
    """The policy over the users' risk."""

    def __init__(
        self,
        engine: PolicyEngine,
        states: KeyedState[UserRisk],
        versions: Versions,
        topic: str,
        feature_names: tuple[str, ...],
    ) -> None:
        self._engine = engine
        self._states = states
        self._versions = versions
        self._topic = topic
        self._feature_names = feature_names
        self._latest = 0

    def take(self, packs: list[ScoredPack]) -> list[Decided]:
        with metrics.timed(STEP):
            decided = [self._decide(scored) for pack in packs for scored in pack.scored]
        return [decided]

    def _decide(self, scored: Scored) -> tuple[Decision, int]:
        enriched = scored.enriched
        arrival = enriched.arrival
        event = arrival.event
        self._latest = max(self._latest, event.event_time)
        state = self._states.get(event.user_id)
        decision = self._engine.decide(
            state,
            event,
            enriched.features,
            scored.score,
            enriched.late,
            Position(self._topic, arrival.partition, arrival.offset),
            self._versions,
        )
        if self._feature_names:
            decision.update.features = dict(zip(self._feature_names, enriched.features, strict=True))
        if decision.state is not None and decision.state is not state:
            self._states.put(event.user_id, decision.state)
        return decision, arrival.received

    def snapshot(self) -> int:
        spent = self._engine.policy.user_risk.is_spent
        sweep(self._states, lambda _, state: None if spent(state, self._latest) else state)
        with metrics.snapshot(STEP, self._states.changed):
            return self._states.snapshot()


def open_part(
    engine: PolicyEngine, directory: StateDirectory, cache_entries: int, versions: Versions, topic: str,
    feature_names: tuple[str, ...],
    group: int, version: int | None,
) -> PolicyPart:  # fmt: skip
    """The part of a key group, as it was at `version`."""
    store = directory.table(STEP, GROUP_KEYS[group])
    store.rollback(version)
    states = KeyedState(store, UserRisk.encode, UserRisk.decode, cache_entries)
    metrics.watch_state(STEP, states)
    return PolicyPart(engine, states, versions, topic, feature_names)
