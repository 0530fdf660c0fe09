"""What two runs have written, compared record by record and value by value."""

from collections import Counter
from typing import NamedTuple, Self

from tests.flow.harness import Outputs, Record


class Verdict(NamedTuple):
    """Records that a disturbed run lost, wrote more than once, gave another value, or made up."""

    lost: int = 0
    twice: int = 0
    wrong: int = 0
    invented: int = 0

    @classmethod
    def of(cls, disturbed: Outputs, undisturbed: Outputs) -> Self:
        """Over updates, actions and dead letters. A value is the record's whole JSON, its input position included."""
        pairs = zip(vars(disturbed).values(), vars(undisturbed).values(), strict=True)
        return cls(*map(sum, zip(*(_compare(*pair) for pair in pairs), strict=True)))


def _compare(found: list[Record], expected: list[Record]) -> tuple[int, int, int, int]:
    counts = Counter(record.id for record in found)
    wanted = {record.id: record for record in expected}
    assert len(wanted) == len(expected), "the undisturbed run wrote a record twice"
    return (
        len(wanted.keys() - counts.keys()),
        sum(count - 1 for count in counts.values()),
        sum(record.id in wanted and record != wanted[record.id] for record in found),
        len(counts.keys() - wanted.keys()),
    )


NOTHING_WRONG = Verdict()
