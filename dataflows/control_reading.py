"""From the control topic to changes that are accepted: the one place where that is judged.

Engine-free, like `reading`, and a reader like those: but it doesn't wait for anybody, and nobody waits for it once it
has read what was there at the start.
"""

import time
from collections.abc import Callable
from typing import Final

from contracts.codec import InvalidRecordError, decode_control
from contracts.control import ControlChange, control_key
from contracts.events import Position
from contracts.times import format_time
from dataflows.change_records import accepted_record
from dataflows.connectors.base import InputPartition, InputRecord, OutputRecord
from dataflows.control_journal import ControlJournal, Verdict
from dataflows.letter_records import check_size, letter_record
from dataflows.reading import Frontiers, ReadingRules, SourceBatch
from operators.policy import PolicyError
from operators.settling import ABSENT_INPUT, UNKNOWN

TOO_LATE: Final = "too_late"


class ControlReader:
    """Reads a partition of the control topic; `number` is its place among all inputs."""

    def __init__(
        self,
        source: InputPartition,
        place: Position,
        number: int,
        rules: ReadingRules,
        frontiers: Frontiers,
        journal: ControlJournal,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._place = place
        self._number = number
        self._rules = rules
        self._frontiers = frontiers
        self._journal = journal
        self._wall = wall
        self._judged = journal.verdicts(place.partition, source.position)
        self._told = False

    @property
    def state(self) -> tuple[int, int]:
        """What a restart goes on from, in the form of the other readers' states."""
        return self._source.position, UNKNOWN

    @property
    def finished(self) -> bool:
        """Everything was given, and nothing will ever come again."""
        return self._source.exhausted and self._told

    def next_batch(self) -> SourceBatch:
        """What became of the records that are there: records of changes, and dead letters."""
        batch = SourceBatch(self._number)
        records = [record for record in self._source.read(self._rules.batch_size) if record.value]
        if records:
            received = int(self._wall() * 1_000)
            for record, verdict in zip(records, self._verdicts(records), strict=True):
                if verdict.change is not None:
                    batch.changes.append(accepted_record(verdict.change, self._position(record), received))
                elif verdict.code:
                    batch.letters.append(self._letter(record, verdict, received))
        if not self._told and (self._source.at_end or self._source.exhausted):
            self._told = True
            self._frontiers.set(self._number, ABSENT_INPUT)  # so far it held everything back
            batch.watermark = ABSENT_INPUT
        return batch

    def _verdicts(self, records: list[InputRecord]) -> list[Verdict]:
        """On each record: as it was before, where that was before a crash."""
        known = [self._judged.pop(record.offset, None) for record in records]
        fresh = [self._read(record) for record, verdict in zip(records, known, strict=True) if verdict is None]
        if not fresh:
            return [verdict for verdict in known if verdict]
        given = iter(self._journal.judge(lambda passed: [_in_time(verdict, passed) for verdict in fresh]))
        return [verdict or next(given) for verdict in known]

    def _read(self, record: InputRecord) -> Verdict:
        try:
            check_size(record, self._rules.max_record_bytes)
            change = decode_control(record.value)
            if change is not None:
                self._check(record, change)
        except InvalidRecordError as error:
            return Verdict(self._place.partition, record.offset, None, error.code, str(error))
        return Verdict(self._place.partition, record.offset, change)

    def _check(self, record: InputRecord, change: ControlChange) -> None:
        expected = control_key(change)
        if record.key not in (None, expected):
            raise InvalidRecordError(
                "wrong_key", f"the record's key must be {expected.decode()}: compaction goes by it"
            )
        try:
            self._journal.timeline.check(change)
        except PolicyError as error:
            raise InvalidRecordError("invalid_policy", str(error)) from None

    def _letter(self, record: InputRecord, verdict: Verdict, received: int) -> OutputRecord:
        key, time = record.key or b"", record.timestamp or 0
        return letter_record(verdict.code, verdict.text, self._position(record), record.value, key, time, received)

    def _position(self, record: InputRecord) -> Position:
        return Position(self._place.topic, self._place.partition, record.offset)


def _in_time(verdict: Verdict, passed: int) -> Verdict:
    if verdict.change is None or verdict.change.effective_at > passed:
        return verdict
    text = f"effective_at: the flow has decided up to {format_time(passed)} by what was in force before; push it again"
    return Verdict(verdict.partition, verdict.offset, None, TOO_LATE, text)
