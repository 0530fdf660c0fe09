"""One partition of a Kafka input: what was fetched of it and not yet read, and how far it reaches."""

from collections import deque
from collections.abc import Callable
from typing import Final

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, Message
from confluent_kafka import TopicPartition as Place

from dataflows.connectors.base import InputRecord

_FULL: Final = 4 * 1024 * 1024
"""Bytes in the buffer at which fetching is paused; at half of them it goes on."""

_RECORD_BYTES: Final = 200
"""About what a buffered record takes beside its value."""


class KafkaInputPartition:
    """An InputPartition that the process's one consumer feeds.

    Offsets may have gaps (compaction, transaction markers), so records are never counted: the end is where a record's
    offset or the broker's end-of-partition event says.
    """

    def __init__(
        self,
        consumer: Consumer,
        place: Place,
        fetch: Callable[[int], None],
        *,
        high: int,
        end: int | None,
        end_time: int | None,
    ) -> None:
        """Read `place` from its offset; `fetch` makes the consumer feed the partitions at most so many records.

        `high` is the log's end now; `end` (an offset) and `end_time` (epoch ms) bound the reading, exclusive.
        """
        self._consumer = consumer
        self._place = place
        self._fetch = fetch
        self._high = high
        """The log's end, as far as it is known."""
        self._end = end
        self._end_time = end_time
        self._buffer: deque[InputRecord] = deque()
        self._buffered_bytes = 0
        self._next = place.offset
        """The offset after the last one that was fetched or found empty."""
        self._seen_end = False
        self._paused = False
        self._done = end is not None and place.offset >= end
        """Nothing more is to be fetched."""
        if not self._done:
            consumer.incremental_assign([place])

    @property
    def position(self) -> int:
        return self._buffer[0].offset if self._buffer else self._next

    @property
    def at_end(self) -> bool:
        return not self._buffer and (self._done or self._seen_end or self._next >= self._high)

    @property
    def exhausted(self) -> bool:
        return self._done and not self._buffer

    @property
    def lag(self) -> int:
        return max(0, self._high - self.position)

    def read(self, most: int) -> list[InputRecord]:
        buffer = self._buffer
        if len(buffer) < most and not self._done:
            self._fetch(most)
            self._note_end()
        if len(buffer) <= most:
            records = list(buffer)
            buffer.clear()
            self._buffered_bytes = 0
        else:
            records = [buffer.popleft() for _ in range(most)]
            self._buffered_bytes -= sum(len(record.value) + _RECORD_BYTES for record in records)
        if self._paused and self._buffered_bytes < _FULL // 2:
            self._paused = False
            self._consumer.resume([self._place])
        return records

    def _note_end(self) -> None:
        if not self._done:
            _, high = self._consumer.get_watermark_offsets(self._place, cached=True)  # of the latest fetch; no request
            self._high = max(self._high, high)

    def take(self, message: Message) -> None:
        """Buffer a record that the consumer has fetched."""
        offset: int = message.offset()  # type: ignore[assignment]
        kind, millis = message.timestamp()
        if self._done or offset < self._next:
            return
        if self._is_beyond(offset, millis):
            self._finish()
            return
        value = message.value() or b""
        timestamp = None if kind == TIMESTAMP_NOT_AVAILABLE else millis
        self._buffer.append(InputRecord(offset, timestamp, message.key(), value))
        self._buffered_bytes += len(value) + _RECORD_BYTES
        self._next = offset + 1
        self._seen_end = False
        if self._next == self._end:
            self._finish()
        elif self._buffered_bytes > _FULL and not self._paused:
            self._paused = True
            self._consumer.pause([self._place])

    def take_end(self, offset: int) -> None:
        """Note that the log presently ends at `offset`, and that there is nothing more before it."""
        self._next = max(self._next, offset)
        self._seen_end = True
        if self._end is not None and self._next >= self._end:
            self._finish()

    def _is_beyond(self, offset: int, millis: int) -> bool:
        return (self._end is not None and offset >= self._end) or (
            self._end_time is not None and millis >= self._end_time
        )

    def _finish(self) -> None:
        if not self._done:
            self._done, self._paused = True, False
            self._consumer.incremental_unassign([self._place])

    def close(self) -> None:
        self._buffer.clear()
        self._finish()
