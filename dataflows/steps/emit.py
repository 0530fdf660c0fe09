"""emit: decisions and dead letters as records, packed by the output partition that they go to."""

from collections.abc import Iterable

from contracts.codec import encode_decision
from contracts.decisions import (
    PolicyAction,
    RiskUpdate,
    UserRiskChange,
    encode_policy_action,
    encode_risk_update,
    encode_user_risk,
)
from dataflows import metrics
from dataflows.connectors.base import OutputRecord
from dataflows.connectors.kafka_output import partition_of
from dataflows.letter_records import letter_record
from dataflows.reading import SourceBatch
from dataflows.settings import TopicSettings
from operators.packs import Pack
from operators.policy import Decided
from operators.policy.life import WITHOUT_EFFECT, Vain


class RecordPack(Pack):
    """Records for one output partition, in order."""

    records: list[OutputRecord]


class Emitter:
    """`partitions` tells how many partitions each output topic has."""

    def __init__(self, topics: TopicSettings, partitions: dict[str, int]) -> None:
        self._topics = topics
        self._partitions = partitions

    def decisions(self, items: list[tuple[str, Decided]]) -> Iterable[tuple[str, RecordPack]]:
        """The updates, changes of users' risks, actions, and letters about decisions that changed nothing."""
        packs: dict[tuple[str, int], RecordPack] = {}
        topics = self._topics
        with metrics.timed("emit"):
            for _, decided in items:
                for update, received in decided.updates:
                    self._add(packs, topics.risk_updates, _update_record(update, received))
                for change, moved in decided.changes:
                    self._add(packs, topics.user_risk, _change_record(change, moved))
                for action, taken in decided.actions:
                    self._add(packs, topics.policy_actions, _action_record(action, taken))
                for vain in decided.vain:
                    self._add(packs, topics.dead_letters, _letter(vain))
        metrics.count_decided([decided for _, decided in items])
        return _keyed(packs)

    def read(self, batches: list[SourceBatch]) -> Iterable[tuple[str, RecordPack]]:
        """What reading itself has to tell: dead letters, and changes of the policy."""
        packs: dict[tuple[str, int], RecordPack] = {}
        for batch in batches:
            for letter in batch.letters:
                self._add(packs, self._topics.dead_letters, letter)
            for change in batch.changes:
                self._add(packs, self._topics.policy_changes, change)
        return _keyed(packs)

    def _add(self, packs: dict[tuple[str, int], RecordPack], topic: str, record: OutputRecord) -> None:
        place = topic, partition_of(record.key, self._partitions[topic])
        pack = packs.get(place)
        if pack is None:
            pack = packs[place] = RecordPack([])
        pack.records.append(record)


def _keyed(packs: dict[tuple[str, int], RecordPack]) -> list[tuple[str, RecordPack]]:
    return [(f"{topic}-{number}", pack) for (topic, number), pack in packs.items()]


def _update_record(update: RiskUpdate, received: int) -> OutputRecord:
    identity, value = encode_risk_update(update)
    return OutputRecord(identity, update.user_id.encode(), value, "sealwax.risk-update", update.event_time, received)


def _change_record(change: UserRiskChange, received: int | None) -> OutputRecord:
    identity, value = encode_user_risk(change)
    return OutputRecord(identity, change.user_id.encode(), value, "sealwax.user-risk", change.at, received)


def _action_record(action: PolicyAction, received: int | None) -> OutputRecord:
    identity, value = encode_policy_action(action)
    return OutputRecord(
        identity, action.user_id.encode(), value, "sealwax.policy-action", action.effective_at, received
    )


def _letter(vain: Vain) -> OutputRecord:
    decision = vain.ruled.decision
    value = encode_decision(decision)
    key, time = decision.user_id.encode(), decision.decision_time
    return letter_record(WITHOUT_EFFECT, vain.text, vain.ruled.input, value, key, time)
