"""emit: decisions and dead letters as records, packed by the output partition that they go to."""

from collections.abc import Iterable

from contracts.decisions import PolicyAction, RiskUpdate, encode_policy_action, encode_risk_update
from dataflows import metrics
from dataflows.connectors.base import OutputRecord
from dataflows.connectors.kafka_output import partition_of
from dataflows.reading import SourceBatch
from dataflows.settings import TopicSettings
from dataflows.steps.policy import Decided
from operators.packs import Pack


class RecordPack(Pack):
    """Records for one output partition, in order."""

    records: list[OutputRecord]


class Emitter:
    """`partitions` tells how many partitions each output topic has."""

    def __init__(self, topics: TopicSettings, partitions: dict[str, int]) -> None:
        self._topics = topics
        self._partitions = partitions

    def decisions(self, items: list[tuple[str, Decided]]) -> Iterable[tuple[str, RecordPack]]:
        """The update and the actions of each decision."""
        packs: dict[tuple[str, int], RecordPack] = {}
        with metrics.timed("emit"):
            for _, decided in items:
                for decision, received in decided:
                    key = decision.update.user_id.encode()
                    self._add(packs, self._topics.risk_updates, _update_record(decision.update, key, received))
                    for action in decision.actions:
                        self._add(packs, self._topics.policy_actions, _action_record(action, key, received))
        metrics.count_decisions([decision for _, decided in items for decision, _ in decided])
        return _keyed(packs)

    def letters(self, batches: list[SourceBatch]) -> Iterable[tuple[str, RecordPack]]:
        """The dead letters among what was read."""
        packs: dict[tuple[str, int], RecordPack] = {}
        for batch in batches:
            for letter in batch.letters:
                self._add(packs, self._topics.dead_letters, letter)
        return _keyed(packs)

    def _add(self, packs: dict[tuple[str, int], RecordPack], topic: str, record: OutputRecord) -> None:
        place = topic, partition_of(record.key, self._partitions[topic])
        pack = packs.get(place)
        if pack is None:
            pack = packs[place] = RecordPack([])
        pack.records.append(record)


def _keyed(packs: dict[tuple[str, int], RecordPack]) -> list[tuple[str, RecordPack]]:
    return [(f"{topic}-{number}", pack) for (topic, number), pack in packs.items()]


def _update_record(update: RiskUpdate, key: bytes, received: int) -> OutputRecord:
    identity, value = encode_risk_update(update)
    return OutputRecord(identity, key, value, "sealwax.risk-update", update.event_time, received)


def _action_record(action: PolicyAction, key: bytes, received: int) -> OutputRecord:
    identity, value = encode_policy_action(action)
    return OutputRecord(identity, key, value, "sealwax.policy-action", action.event_time, received)
