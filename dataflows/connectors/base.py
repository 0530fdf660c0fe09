"""What the flow reads from and writes to: logs of records in numbered partitions, with an offset for each record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from dataflows.errors import UserError

TopicPartition = tuple[str, int]
"""A topic's name and a partition's number."""


class DataLostError(UserError):
    """Records that the flow needs are gone from a log. Going on in silence is worse than stopping: a person decides."""


class NoAnswerError(UserError):
    """A log that does not say what a start needs to know: the settings are wrong, or, later on, it may pass."""


class InputError(Exception):
    """An input that cannot go on. A new start may mend it; what only a person can mend is a UserError."""


class DeliveryError(Exception):
    """A record was not delivered. What was appended since the last flush may be durable or not.

    A new start may mend it; what only a person can mend is a UserError.
    """


@dataclass(frozen=True, slots=True)
class AtTime:
    """The first record whose own timestamp is at or after `time`, epoch ms."""

    time: int


@dataclass(frozen=True, slots=True)
class AtOffsets:
    """An offset for each partition named; a partition not named has no bound."""

    offsets: Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class ReadRange:
    """The part of a log to read, in each of its partitions."""

    start: Literal["earliest", "latest"] | AtTime | AtOffsets = "earliest"
    """Where to begin where there is no position to go on from."""
    end: AtTime | AtOffsets | None = None
    """The first record not to be read."""
    stop_at_end: bool = False
    """Read what is there when a partition is opened, all of it, and nothing that comes later."""


class InputRecord(NamedTuple):
    """A record as it lies in its partition; a deleted value (a tombstone) reads as empty."""

    offset: int
    timestamp: int | None
    """The broker's, epoch ms; None where the log keeps none."""
    key: bytes | None
    value: bytes


class InputPartition(Protocol):
    """One partition, read in order from a position. No call waits for records to come."""

    @property
    def position(self) -> int:
        """The offset to go on from: that of the next record, or before it where offsets have gaps."""

    @property
    def at_end(self) -> bool:
        """Everything up to the presently known end has been read; False again when more has come."""

    @property
    def exhausted(self) -> bool:
        """Nothing will ever come again: the end of the range was reached."""

    @property
    def lag(self) -> int | None:
        """Offsets between the position and the presently known end; None where the log cannot tell."""

    def read(self, most: int) -> list[InputRecord]:
        """At most `most` records that are there, in order; empty where there are none."""

    def close(self) -> None:
        """Stop reading; safe to call twice."""


class InputLog(Protocol):
    """The partitions of one or several topics."""

    @property
    def errors(self) -> int:
        """How many errors of the transport were reported, and survived, so far."""

    @property
    def last_error(self) -> str:
        """The latest of them, or empty."""

    def partitions(self) -> list[TopicPartition]:
        """Every partition, sorted. Raises UserError for a topic that does not exist."""

    def open(self, topic: str, partition: int, position: int | None = None) -> InputPartition:
        """Read a partition from `position`, or from the start of the range where it is None.

        Raises DataLostError for a position that the log no longer has, or does not have yet.
        """

    def grown(self) -> bool:
        """There are more partitions than at first: restart to read them. Cheap to call often."""

    def close(self) -> None:
        """Close every partition; safe to call twice."""


class OutputRecord(NamedTuple):
    """A record to write, with what its headers say."""

    id: str
    """Deterministic: the same record in a replay has the same id, and no other record has it."""
    key: bytes
    value: bytes
    type: str
    """The CloudEvents type, such as sealwax.risk-update."""
    time: int
    """Event time, epoch ms."""
    received: int | None = None
    """When the input record was received, epoch ms: a fact of the wall clock, so never part of the value."""


class OutputPartition(Protocol):
    """One partition, appended to by one process at a time."""

    @property
    def name(self) -> str:
        """What to call it in messages, such as risk-updates-3."""

    def append(self, records: Sequence[OutputRecord]) -> None:
        """Send records, in order. Raises DeliveryError when an earlier one is known to have failed."""

    def flush(self) -> int:
        """Wait until everything appended is durable; the offset after the last record that this object appended.

        That is the end at the time of opening where it has appended none. Raises DeliveryError if any record failed.
        """

    def end(self) -> int:
        """The next offset of the partition, as its readers see it."""

    def scan(self, start: int) -> Iterator[str]:
        """The ids of the records from offset `start` to the present end.

        Raises DataLostError where the partition no longer reaches back to `start`.
        """

    def close(self) -> None:
        """Let go of the partition without waiting; safe to call twice."""


class OutputLog(Protocol):
    """Topics that can be written to."""

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises UserError for one that does not exist."""

    def open(self, topic: str, partition: int) -> OutputPartition:
        """Write to a partition."""

    def end(self, topic: str, partition: int) -> int:
        """The next offset of a partition, which isn't opened for it."""

    def close(self) -> None:
        """Close every partition; safe to call twice."""
