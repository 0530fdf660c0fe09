"""policy: what the policy decides on each scored event, with the users' risk."""

from bytewax.operators import StatefulBatchLogic

from contracts.decisions import Versions
from contracts.events import Position
from dataflows import metrics
from dataflows.state import KeyedState, StateDirectory
from operators.packs import Scored, ScoredPack
from operators.policy import Decision, PolicyEngine, UserRisk

Decided = list[tuple[Decision, int]]
"""Decisions, each with the wall-clock time (epoch ms) at which its event was received."""


class PolicyLogic(StatefulBatchLogic[ScoredPack, Decided, int]):
    """The policy over the users' risk; the snapshot is the state's version."""

    def __init__(self, engine: PolicyEngine, states: KeyedState[UserRisk], versions: Versions, topic: str) -> None:
        self._engine = engine
        self._states = states
        self._versions = versions
        self._topic = topic

    def on_batch(self, values: list[ScoredPack]) -> tuple[list[Decided], bool]:
        with metrics.timed("policy"):
            decided = [self._decide(scored) for pack in values for scored in pack.scored]
        return [decided], StatefulBatchLogic.RETAIN

    def _decide(self, scored: Scored) -> tuple[Decision, int]:
        enriched = scored.enriched
        arrival = enriched.arrival
        event = arrival.event
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
        if decision.state is not None and decision.state is not state:
            self._states.put(event.user_id, decision.state)
        return decision, arrival.received

    def snapshot(self) -> int:
        return self._states.snapshot()


def build(
    engine: PolicyEngine, directory: StateDirectory, cache_entries: int, versions: Versions, topic: str,
    key: str, version: int | None,
) -> PolicyLogic:  # fmt: skip
    """The logic of key group `key`, as it was at `version`."""
    store = directory.table("policy", key)
    store.rollback(version)
    states = KeyedState(store, UserRisk.encode, UserRisk.decode, cache_entries)
    return PolicyLogic(engine, states, versions, topic)
