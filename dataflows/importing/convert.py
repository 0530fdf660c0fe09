"""From a row's cells to a field's value: text, numbers and times, by what the mapping says of them."""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias

from dataflows.importing.mapping import NumberSource, TextSource, TimeSource

Row: TypeAlias = Sequence[object]
Reader: TypeAlias = Callable[[Row], str | float | None]
"""Reads a field's value out of a row; None where the row has none. Raises ValueError, saying what is wrong."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_COLUMN_IN_TEMPLATE = re.compile(r"\{([^{}]+)\}")


def template_columns(template: str) -> list[str]:
    """The columns that a template such as "{SHOP}-{ID}" names."""
    return _COLUMN_IN_TEMPLATE.findall(template)


def text_of(cell: object) -> str:
    """A cell as text: empty where there is nothing, and whole numbers without a fraction, however they are stored."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bytes):
        return cell.decode(errors="surrogateescape")  # the contract refuses what is no text
    return str(cell)


def text_reader(source: TextSource, index: dict[str, int]) -> Reader:
    """The reader of a text field; `index` is each column's place in a row."""
    read = _untranslated(source, index)
    if (values := source.values) is None:
        return read

    def translated(row: Row) -> str | None:
        text = read(row)
        if text is None:
            return source.otherwise
        value = values.get(str(text), source.otherwise)
        if value is None:
            raise ValueError(f"values names no {str(text)!r}; add it, or say otherwise")
        return value

    return translated


def _untranslated(source: TextSource, index: dict[str, int]) -> Reader:
    if source.constant is not None:
        constant = source.constant
        return lambda row: constant
    if source.column is not None:
        place = index[source.column]
        return lambda row: text_of(row[place]) or None
    pieces = _COLUMN_IN_TEMPLATE.split(source.template or "")
    form = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
    places = [index[column] for column in pieces[1::2]]

    def filled(row: Row) -> str | None:
        cells = [text_of(row[place]) for place in places]
        return form % tuple(cells) if all(cells) else None

    return filled


def number_reader(source: NumberSource, index: dict[str, int]) -> Reader:
    """The reader of a number field."""
    place, comma = index[source.column], source.decimal == ","

    def number(row: Row) -> float | None:
        cell = row[place]
        if isinstance(cell, float) and math.isfinite(cell):
            return cell
        text = text_of(cell)
        if not text:
            return None
        plain = text.replace(",", ".") if comma else text
        if not _NUMBER.fullmatch(plain) or math.isinf(value := float(plain)):
            raise ValueError(f"{text!r} is no number with a decimal {'comma' if comma else 'point'}")
        return value

    return number


def time_reader(source: TimeSource, index: dict[str, int]) -> Reader:
    """The reader of a time field: epoch milliseconds, finer digits cut off."""
    place, zone = index[source.column], source.zone
    parse = _epoch_parser(source.format) if source.format.startswith("epoch") else _date_parser(source.format)

    def millis(row: Row) -> int | None:
        cell = row[place]
        moment = cell if isinstance(cell, datetime) else parse(cell)
        if moment is None:
            return None
        if moment.tzinfo is None:
            if zone is None:
                raise ValueError(f'{text_of(cell)!r} names no time zone; give the mapping one, such as zone = "UTC"')
            moment = moment.replace(tzinfo=zone)
        return (moment - _EPOCH) // _MILLISECOND

    return millis


def _date_parser(pattern: str) -> Callable[[object], datetime | None]:
    def parse(cell: object) -> datetime | None:
        if isinstance(cell, date):
            return datetime.combine(cell, time.min)
        text = text_of(cell)
        if not text:
            return None
        try:
            # The caller puts the mapping's zone on what is naive.
            return datetime.fromisoformat(text) if pattern == "iso" else datetime.strptime(text, pattern)  # noqa: DTZ007
        except ValueError:
            wanted = "an ISO 8601 time" if pattern == "iso" else f"of the form {pattern!r}"
            raise ValueError(f"{text!r} is not {wanted}; see format in the mapping") from None

    return parse


def _epoch_parser(form: str) -> Callable[[object], datetime | None]:
    unit = timedelta(seconds=1) if form == "epoch_s" else _MILLISECOND

    def parse(cell: object) -> datetime | None:
        text = text_of(cell)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{text!r} is no number of {'seconds' if form == 'epoch_s' else 'milliseconds'}")
        try:
            return _EPOCH + float(text) * unit
        except OverflowError:
            raise ValueError(f"{text!r} is out of range") from None

    return parse
