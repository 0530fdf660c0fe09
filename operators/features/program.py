"""The hot path of a plan: straight Python, written for its columns and windows and compiled once.

A loop over closures does the same and takes two to three times as long. What goes into the text are numbers and the
names of event fields, nothing that a user has written.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from contracts.events import Event
from contracts.keys import fingerprint
from operators.features.entity import pair
from operators.features.measure import Measure
from operators.features.readers import FUNCTIONS, Reader
from operators.features.window import Window, pane_bits
from operators.ring import ABSENT, Ring

Identify = Callable[[Event], int]
Extract = Callable[[Event], tuple[int, ...]]
"""An event's value for each column."""
Append = Callable[[Ring, int, Sequence[int]], None]
"""(ring, time, values): place an event that is the newest."""
Read = Callable[[Ring, int, Sequence[int], list[float]], tuple[int, ...]]
"""(ring, event time, the event's own values, features): write the features to their places, and give the places of
those that are capped."""

Reading = tuple[Window, list[tuple[int, Reader]]]
"""A window; places in the features, and how they are read."""

_NAMES: Final = FUNCTIONS | {"bisect_right": bisect_right, "fingerprint": fingerprint, "pair": pair}


def identification(fields: Sequence[str]) -> Identify:
    """A function that gives the fingerprint of an event's entity; 0 where a field is absent."""
    identify: Identify = _compiled("identify(event)", [f"return {_identity(fields, 0)}"])
    return identify


def extraction(measures: Sequence[Measure]) -> Extract:
    """A function that takes from an event what each column holds of it."""
    allowed: list[frozenset[str]] = []
    matches: list[str] = []
    for measure in measures:
        tests = []
        for field, values in measure.where:
            if values is not None:
                if frozenset(values) not in allowed:
                    allowed.append(frozenset(values))
                tests.append(f"event.{field} in allowed{allowed.index(frozenset(values))}")
        matches.append(" and ".join(tests))
    variables = {match: f"m{number}" for number, match in enumerate(dict.fromkeys(filter(None, matches)))}
    lines = [f"{name} = {match}" for match, name in variables.items()]
    values = [_value(measure, variables.get(match, "")) for measure, match in zip(measures, matches, strict=True)]
    lines.append(f"return ({''.join(f'{value}, ' for value in values)})")
    extract: Extract = _compiled("extract(event)", lines, {f"allowed{n}": one for n, one in enumerate(allowed)})
    return extract


def appending(cumulative: Sequence[bool]) -> Append:
    """A function that places an event behind all others."""
    lines = ["ring.times.append(time)", *_unpack("values", "v", len(cumulative)), *_columns(len(cumulative))]
    for number, summed in enumerate(cumulative):
        lines.append(f"c{number}.append({f'c{number}[-1] + ' if summed else ''}v{number})")
    append: Append = _compiled("append(ring, time, values)", lines)
    return append


def reading(windows: Iterable[Reading], columns: int, reach: int, most: int) -> Read:
    """A function that reads all windows; none of them looks at an event later than `reach` ms before the scored one,
    and the latest `most` of those are kept one by one."""
    ordered = sorted(windows)
    lines = [
        "times = ring.times",
        "length = len(times)",
        f"if length > {most}:",
        "    return read_capped(ring, time, values, features)",
        "newest = times[-1] if length else time",
        *_columns(columns),
    ]
    ended: int | None = None
    for (delay, size), found in ordered:
        if delay != ended:
            ended = delay
            lines.append(f"end = time - {delay}")
            lines.append("high = length if newest <= end else bisect_right(times, end)")
        lines.append(f"low = bisect_right(times, end - {size}, 0, high)")
        lines += [f"features[{place}] = {reader.exact}" for place, reader in found]
    capped = _reading_capped(ordered, columns, reach, most)
    read: Read = _compiled("read(ring, time, values, features)", [*lines, "return ()"], {"read_capped": capped})
    return read


def _reading_capped(windows: Iterable[Reading], columns: int, reach: int, most: int) -> Read:
    """The same for a ring of more events: edges of windows that lie before the latest are moved to those of panes."""
    lines = [
        "times = ring.times",
        *_columns(columns),
        f"oldest = max(bisect_right(times, time - {reach}) - {most}, ring.merged)",
        f"limit = times[oldest - 1] if oldest else {ABSENT}",
        "capped = []",
    ]
    for (delay, size), found in windows:
        lines += [
            f"end = time - {delay}",
            f"high = bisect_right(times, end if end >= limit else {_pane_start('end', delay)})",
            f"start = end - {size}",
            "if start >= limit:",
            "    low = bisect_right(times, start, 0, high)",
            *(f"    features[{place}] = {reader.exact}" for place, reader in found),
            "else:",
            f"    low = bisect_right(times, {_pane_start('start', delay + size)}, 0, high)",
        ]
        for place, reader in found:
            lines.append(f"    features[{place}] = {reader.capped}")
            if reader.told:
                lines.append(f"    if {reader.told}: capped.append({place})")
    read: Read = _compiled("read_capped(ring, time, values, features)", [*lines, "return tuple(capped)"])
    return read


def _pane_start(edge: str, offset: int) -> str:
    bits = pane_bits(offset)
    return f"{edge} >> {bits} << {bits}"


def _value(measure: Measure, match: str) -> str:
    """What a column holds of an event; `match` tells whether the event matches."""
    missing = 0 if measure.cumulative else ABSENT
    field = measure.field
    if field == "labelled":
        return "0"
    if field == "1":
        value = "1"
    elif field == "label":
        value = str(ABSENT)
    elif field == "event_time":
        value = "event.event_time"
    elif field == "has_amount":
        value = "0 if event.amount is None else 1"
    elif field == "amount":
        value = f"{missing} if event.amount is None else event.amount"
    else:
        value = _identity(field.split("+"), ABSENT)
    return f"(({value}) if {match} else {missing})" if match else f"({value})"


def _identity(fields: Sequence[str], absent: int) -> str:
    values = [f"event.{field}" for field in fields]
    text = values[0] if len(values) == 1 else f"pair({', '.join(values)})"
    return f"fingerprint({text}) if {' and '.join(values)} else {absent}"


def _columns(count: int) -> list[str]:
    return _unpack("ring.columns", "c", count)


def _unpack(sequence: str, name: str, count: int) -> list[str]:
    return [f"{', '.join(f'{name}{number}' for number in range(count))}, = {sequence}"] if count else []


def _compiled(signature: str, lines: Iterable[str], names: dict[str, Any] | None = None) -> Any:
    source = f"def {signature}:\n" + "".join(f"    {line}\n" for line in lines)
    namespace = _NAMES | (names or {})
    exec(compile(source, "<features>", "exec"), namespace)
    return namespace[signature.partition("(")[0]]
