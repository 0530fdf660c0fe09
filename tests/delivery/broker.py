"""A partition whose producer can die, and the records that are written to it."""

from collections.abc import Iterator, Sequence

from dataflows.connectors.base import OutputRecord

INPUT = 40
"""Records that the input holds; each makes one output."""


def output_of(number: int) -> OutputRecord:
    return OutputRecord(f"id-{number}", b"user", b'{"update_id":"id-%d"}' % number, "sealwax.test", 0)


RECORDS = [output_of(number) for number in range(INPUT)]
IDS = [record.id for record in RECORDS]


class BrokerPartition:
    """A partition whose producer dies with records that may still arrive or not; without a flush nobody knows."""

    name = "updates-0"

    def __init__(self, held: list[str]) -> None:
        self.held = held
        """The ids in the log."""
        self.sent: list[str] = []
        """The ids not acknowledged yet."""

    def append(self, records: Sequence[OutputRecord]) -> None:
        self.sent += [record.id for record in records]

    def arrive(self, count: int) -> None:
        """Let the next `count` records sent reach the log."""
        self.held += self.sent[:count]
        del self.sent[:count]

    def flush(self) -> int:
        self.arrive(len(self.sent))
        return len(self.held)

    def end(self) -> int:
        return len(self.held)

    def scan(self, start: int) -> Iterator[str]:
        return iter(self.held[start:])

    def close(self) -> None:
        pass
