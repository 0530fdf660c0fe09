"""The consumer's side: everything that the flow writes, as it comes."""

from dataflows.connectors.base import InputLog, InputRecord
from dataflows.demo.outputs import decode_action, decode_letter, decode_update
from dataflows.demo.tally import Hold, Tally
from dataflows.settings import TopicSettings

_MOST = 1_000


class Observer:
    """Reads the flow's outputs into a tally."""

    def __init__(self, log: InputLog, topics: TopicSettings, tally: Tally, begun: float) -> None:
        """`begun` is the time (epoch s) that the tally's clock counts from. Raises UserError for a missing topic."""
        self._topics = topics
        self._tally = tally
        self._begun = begun
        self._partitions = [(topic, log.open(topic, number)) for topic, number in log.partitions()]

    def read(self) -> list[Hold]:
        """Take in what is there, and return the orders that were held."""
        return [
            hold
            for topic, partition in self._partitions
            for record in partition.read(_MOST)
            if (hold := self._take(topic, record))
        ]

    def _take(self, topic: str, record: InputRecord) -> Hold | None:
        at = (record.timestamp or 0) / 1_000 - self._begun
        if topic == self._topics.risk_updates:
            self._tally.updated(decode_update(record.value), at)
        elif topic == self._topics.policy_actions:
            return self._tally.acted(decode_action(record.value), at)
        else:
            self._tally.refused(decode_letter(record.value))
        return None
