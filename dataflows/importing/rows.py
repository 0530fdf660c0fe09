"""One row to one event and at most one label, checked by the contract."""

from dataclasses import dataclass

import orjson

from contracts.codec import InvalidRecordError, decode_event, decode_label, encode_label
from contracts.events import Event, Label
from dataflows.importing.convert import Reader, Row, number_reader, template_columns, text_of, text_reader, time_reader
from dataflows.importing.mapping import LabelMapping, Mapping, NumberSource, TextSource, TimeSource

Source = TextSource | NumberSource | TimeSource
_ATTRIBUTE = "attributes."


class BadRowError(ValueError):
    """A row that makes no valid event; says which field and column, and what to mend."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a row became."""

    event: Event
    label: Label | None


def wanted_columns(mapping: Mapping) -> dict[str, str]:
    """Every column that the mapping reads, and the mapping's place that wants it."""
    wanted = {mapping.label.column: "[label] column"} if mapping.label else {}
    for field, source in _sources(mapping).items():
        wanted |= dict.fromkeys(_columns(source), f"[event] {field}")
    return wanted


def _sources(mapping: Mapping) -> dict[str, Source]:
    fields = {name: value for name, value in mapping.event if name != "attributes" and value is not None}
    return fields | {f"{_ATTRIBUTE}{name}": value for name, value in mapping.event.attributes.items()}


def _columns(source: Source) -> list[str]:
    if source.column is not None:
        return [source.column]
    return template_columns(source.template or "") if isinstance(source, TextSource) else []


class RowReader:
    """Reads rows of a table with the given columns as the mapping says."""

    def __init__(self, mapping: Mapping, columns: tuple[str, ...]) -> None:
        self._index = {column: place for place, column in enumerate(columns)}
        self._label = mapping.label
        self._sources = _sources(mapping)
        readers = {field: self._reader(source) for field, source in self._sources.items()}
        self._fields = {field: read for field, read in readers.items() if not field.startswith(_ATTRIBUTE)}
        self._attributes = {field: read for field, read in readers.items() if field.startswith(_ATTRIBUTE)}

    def _reader(self, source: Source) -> Reader:
        if isinstance(source, TimeSource):
            return time_reader(source, self._index)
        if isinstance(source, NumberSource):
            return number_reader(source, self._index)
        return text_reader(source, self._index)

    def read(self, row: Row) -> Imported:
        """The row's event and label. Raises BadRowError."""
        fields = self._values(self._fields, row)
        if self._attributes:
            attributes = self._values(self._attributes, row)
            fields["attributes"] = {name.removeprefix(_ATTRIBUTE): value for name, value in attributes.items()}
        try:
            event = decode_event(orjson.dumps(fields))
            return Imported(event, self._label_of(event, row, self._label) if self._label else None)
        except InvalidRecordError as error:
            raise BadRowError(f"{error}{self._cells_behind(str(error), row)}") from None
        except orjson.JSONEncodeError:
            raise BadRowError("holds bytes that are no text in the encoding of [csv]; name the file's own") from None

    def _values(self, readers: dict[str, Reader], row: Row) -> dict[str, object]:
        values: dict[str, object] = {}
        for field, read in readers.items():
            try:
                value = read(row)
            except ValueError as error:
                columns = ", ".join(_columns(self._sources[field]))
                raise BadRowError(f"{field}: {error} (column {columns})") from None
            if value is not None:
                values[field] = value
        return values

    def _label_of(self, event: Event, row: Row, mapping: LabelMapping) -> Label | None:
        label = mapping.values.get(text_of(row[self._index[mapping.column]]))
        if label is None:
            return None
        known = Label(event.event_id, event.user_id, label, event.event_time + mapping.delay, mapping.source)
        return decode_label(encode_label(known))

    def _cells_behind(self, complaint: str, row: Row) -> str:
        """The cells that the fields named in a complaint came from, for the person who looks for them."""
        named = [source for field, source in self._sources.items() if f"{field}: " in complaint]
        columns = {column: text_of(row[self._index[column]])[:60] for source in named for column in _columns(source)}
        return f" ({', '.join(f'{column} = {text!r}' for column, text in columns.items())})" if columns else ""
