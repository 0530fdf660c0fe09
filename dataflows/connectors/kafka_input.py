"""Kafka topics as an input: one consumer of a process, without a group, feeds a buffer for each partition it reads."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Place

from dataflows.connectors.base import (
    AtOffsets,
    AtTime,
    DataLostError,
    InputError,
    ReadRange,
    TopicPartition,
)
from dataflows.connectors.kafka_consumer import new_consumer
from dataflows.connectors.kafka_errors import TransportErrors, failure
from dataflows.connectors.kafka_partition import KafkaInputPartition
from dataflows.connectors.kafka_settings import ANSWER_SECONDS, KafkaSettings
from dataflows.connectors.kafka_topics import partition_count, unanswered

_GROWTH_SECONDS: Final = 30.0
_GROWTH_TIMEOUT: Final = 0.1
"""The flow stands still this long at most, once in _GROWTH_SECONDS, while no broker answers."""

_SURVIVED: Final = {
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._RESOLVE,
    KafkaError._TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
}


class KafkaInput:
    """An InputLog of Kafka topics."""

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        read_range: ReadRange | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`settings` are librdkafka's. Raises UserError where it refuses them."""
        self._topics = topics
        self._range = read_range or ReadRange()
        self._clock = clock
        self._reported = TransportErrors("input")
        self._open: dict[TopicPartition, KafkaInputPartition] = {}
        self._counts: dict[str, int] = {}
        self._has_grown = False
        self._growth_checked = clock()
        self._consumer = new_consumer(settings, self._reported)

    @property
    def errors(self) -> int:
        return self._reported.count

    @property
    def last_error(self) -> str:
        return self._reported.last

    def partitions(self) -> list[TopicPartition]:
        self._counts = {topic: partition_count(self._consumer, topic, self._reported) for topic in self._topics}
        return sorted((topic, number) for topic, count in self._counts.items() for number in range(count))

    def open(self, topic: str, partition: int, position: int | None = None) -> KafkaInputPartition:
        place = Place(topic, partition)
        low, high = self._ask(f"where {topic}-{partition} begins and ends", self._consumer.get_watermark_offsets, place)
        if position is None:
            position = self._start((topic, partition), low, high)
        _check_position(f"{topic}-{partition}", position, low, high)
        end, end_time = self._end((topic, partition), high)
        place.offset = position
        opened = KafkaInputPartition(self._consumer, place, self._fetch, high=high, end=end, end_time=end_time)
        self._open[topic, partition] = opened
        return opened

    def _start(self, where: TopicPartition, low: int, high: int) -> int:
        match self._range.start:
            case "earliest":
                return low
            case "latest":
                return high
            case AtTime(time):
                found = self._first_at(where, time)
                return high if found is None else found
            case AtOffsets(offsets):
                return offsets.get(where, low)

    def _end(self, where: TopicPartition, high: int) -> tuple[int | None, int | None]:
        """The end of the range as an offset, and as a time while no record has reached it."""
        stop = high if self._range.stop_at_end else None
        match self._range.end:
            case AtOffsets(offsets) if where in offsets:
                return offsets[where] if stop is None else min(offsets[where], stop), None
            case AtTime(time):
                found = self._first_at(where, time)
                return (stop, time) if found is None else (found if stop is None else min(found, stop), None)
            case _:
                return stop, None

    def _first_at(self, where: TopicPartition, time: int) -> int | None:
        question = f"which record of {where[0]}-{where[1]} is the first at {time}"
        found = self._ask(question, self._consumer.offsets_for_times, [Place(*where, time)])[0]
        if found.error is not None:
            raise unanswered(self._consumer, question, KafkaException(found.error), self._reported)
        return found.offset if found.offset >= 0 else None

    def _ask(self, question: str, answer: Callable[..., Any], argument: object) -> Any:
        try:
            return answer(argument, timeout=ANSWER_SECONDS)
        except KafkaException as error:
            raise unanswered(self._consumer, question, error, self._reported) from None

    def _fetch(self, most: int) -> None:
        """Give the partitions the next messages that the client has fetched, of whichever they are. Never waits."""
        messages = self._consumer.consume(most, 0)
        self._reported.check()
        for message in messages:
            where: TopicPartition = (message.topic(), message.partition())  # type: ignore[assignment]
            error = message.error()
            if error is None:
                self._open[where].take(message)
            elif where in self._open:
                self._judge(error, message, self._open[where])
            else:
                self._reported(error)  # of the consumer's group, which is not used

    def _judge(self, error: KafkaError, message: Message, partition: KafkaInputPartition) -> None:
        where = f"{message.topic()}-{message.partition()}"
        if error.code() == KafkaError._PARTITION_EOF:
            partition.take_end(message.offset() or 0)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise DataLostError(
                f"{where} no longer has offset {partition.position} and what follows: {error.str()}. "
                "Its retention deleted what was not read yet, or the topic was made anew"
            )
        elif error.code() in _SURVIVED or error.retriable():
            self._reported(error)
        else:
            raise failure(f"cannot read {where}", error, InputError)

    def grown(self) -> bool:
        if not self._has_grown and self._clock() - self._growth_checked >= _GROWTH_SECONDS:
            self._growth_checked = self._clock()
            self._has_grown = any(self._count_now(topic) > count for topic, count in self._counts.items())
        return self._has_grown

    def _count_now(self, topic: str) -> int:
        try:
            return len(self._consumer.list_topics(topic, timeout=_GROWTH_TIMEOUT).topics[topic].partitions)
        except KafkaException:
            return 0  # nobody knows at present; error_cb tells

    def close(self) -> None:
        for partition in self._open.values():
            partition.close()
        self._consumer.close()


def _check_position(where: str, position: int, low: int, high: int) -> None:
    if position > high:
        raise DataLostError(
            f"cannot read {where} from offset {position}: it ends at {high}. "
            "The topic lost records or was made anew; a state directory belongs to the topics that it was made with"
        )
    if position < low:
        raise DataLostError(
            f"cannot read {where} from offset {position}: it begins at {low}. "
            "Its retention deleted records that were not read yet"
        )
