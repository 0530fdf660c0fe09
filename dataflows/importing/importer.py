"""Tables in, two files of events and labels in time order out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from contracts.codec import encode_event, encode_label
from dataflows.importing.mapping import Mapping
from dataflows.importing.rows import BadRowError, Imported, RowReader, wanted_columns
from dataflows.importing.tables import open_table
from dataflows.importing.time_order import TimeOrder
from dataflows.jsonl import open_lines


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row left out: where it stands, and why."""

    file: Path
    place: str
    reason: str


@dataclass(slots=True)
class ImportCounts:
    """What an import has read so far."""

    events: int = 0
    labels: int = 0
    bad: int = 0
    out_of_order: int = 0
    """Events earlier than one before them."""
    first_time: int | None = None
    last_time: int | None = None
    """Epoch milliseconds of the earliest and the latest event."""


class Importer:
    """Reads tables by a mapping, in the order given, and tells of every bad row."""

    def __init__(self, mapping: Mapping, on_bad: Callable[[BadRow], None]) -> None:
        self.counts = ImportCounts()
        self._mapping = mapping
        self._wanted = wanted_columns(mapping)
        self._on_bad = on_bad

    def write(self, inputs: Sequence[Path], events: Path, labels: Path, on_row: Callable[[], None]) -> None:
        """Writes the inputs' events by event_time and their labels by label_time; rows of one time as they came.

        Raises UserError where an input or output can't be used as a whole.
        """
        with ExitStack() as stack:
            event_lines, label_lines = stack.enter_context(open_lines(events)), stack.enter_context(open_lines(labels))
            by_event_time = stack.enter_context(TimeOrder(events.parent))
            by_label_time = stack.enter_context(TimeOrder(labels.parent))
            for imported in self._imported(inputs, on_row):
                self._count(imported)
                by_event_time.add(imported.event.event_time, encode_event(imported.event))
                if imported.label:
                    by_label_time.add(imported.label.label_time, encode_label(imported.label))
            event_lines.writelines(by_event_time.lines())
            label_lines.writelines(by_label_time.lines())

    def _imported(self, inputs: Sequence[Path], on_row: Callable[[], None]) -> Iterator[Imported]:
        for path in inputs:
            with open_table(path, self._wanted, self._mapping.csv) as table:
                reader = RowReader(self._mapping, table.columns)
                for number, row in table.rows:
                    on_row()
                    try:
                        if isinstance(row, str):
                            raise BadRowError(row)
                        yield reader.read(row)
                    except BadRowError as error:
                        self.counts.bad += 1
                        self._on_bad(BadRow(path, f"{table.unit} {number}", str(error)))

    def _count(self, imported: Imported) -> None:
        counts, time = self.counts, imported.event.event_time
        counts.events += 1
        counts.labels += imported.label is not None
        if counts.first_time is None or counts.last_time is None:
            counts.first_time = counts.last_time = time
        counts.out_of_order += time < counts.last_time
        counts.first_time, counts.last_time = min(counts.first_time, time), max(counts.last_time, time)
