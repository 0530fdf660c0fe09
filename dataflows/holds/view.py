"""Holds as people look at them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from contracts.decisions import limit_fields
from contracts.messages import PolicyActionMessage
from contracts.times import format_time
from operators.holds import Hold

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_BAR: Final = 10
_ID: Final = 10
"""Characters of an id that are shown; as many name it in a command."""
_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
_CALM, _SOON = 0.5, 0.8
_COLOURS: Final = {"pending": "yellow", "standing": "red", "lifted": "green"}


def pending_holds(holds: Sequence[Hold], now: int, most: int) -> Group:
    """The first `most` of the pending holds, each with its age at `now` (epoch ms) and its reason."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("order", "user", "action", "age", "of its time", "ends in", "reason", "hold"):
        right, whole = heading in ("age", "ends in"), heading in ("reason", "user")
        table.add_column(heading, justify="right" if right else "left", no_wrap=not whole, overflow="fold")
    for hold in holds[:most]:
        table.add_row(
            Text(printable(hold.order_id) or "-", "bold"),
            Text(printable(hold.user_id)),
            Text(what(hold)),
            span(now - hold.opened_at),
            _time_used(hold, now),
            _ends_in(hold, now),
            _reason(hold),
            Text(hold.hold_id[:_ID], "dim"),
        )
    return Group(_headline(holds, now, most), Text(), table) if holds else Group(_headline(holds, now, most))


def _headline(holds: Sequence[Hold], now: int, most: int) -> Text:
    text = Text(f"{len(holds):,} pending", "bold")
    if holds:
        text.append(f", the oldest for {span(now - holds[0].opened_at)}", "not bold")
        rules = Counter(hold.cause for hold in holds).most_common(5)
        text.append(f"; {', '.join(f'{count:,} {rule}' for rule, count in rules)}", "not bold dim")
    if len(holds) > most:
        text.append(f" (the {most:,} oldest are shown)", "not bold dim")
    return text


def what(hold: Hold) -> str:
    """The action, what it allows, and whether it was another one at first."""
    text = words(hold.action)
    if hold.limit is not None:
        allowed = f"{hold.limit.count:,}" if hold.limit.amount is None else f"{hold.limit.amount:,.2f}"
        text += f" to {allowed} in {span(hold.limit.per)}"
    return text if hold.status == "opened" else f"{text}, {words(hold.status)}"


def _reason(hold: Hold) -> Text:
    """The deciding one, and how many there are besides."""
    text = Text(printable(hold.reasons[0].text if hold.reasons else hold.cause))
    return text.append(f" +{len(hold.reasons) - 1}", "dim") if len(hold.reasons) > 1 else text


def _time_used(hold: Hold, now: int) -> Text:
    """How much of the time between the opening and the end has passed, as a bar."""
    if hold.expires_at is None:
        return Text()
    used = min(max((now - hold.opened_at) / max(hold.expires_at - hold.opened_at, 1), 0.0), 1.0)
    eighths = round(8 * _BAR * used)
    bar = _EIGHTHS[8] * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
    colour = "green" if used < _CALM else "yellow" if used < _SOON else "red"
    return Text(bar.ljust(_BAR, "░"), colour)


def _ends_in(hold: Hold, now: int) -> Text:
    if hold.expires_at is None:
        return Text()
    left = hold.expires_at - now
    return Text(span(left)) if left >= 0 else Text(f"due for {span(-left)}", "red")


def one_hold(hold: Hold, history: Sequence[PolicyActionMessage]) -> Group:
    """A hold and how it came about."""
    head = Text(f"{words(hold.action)} {hold.status}", f"bold {_COLOURS[hold.phase]}")
    head.append(printable(f"  on {_subject(hold)}user {hold.user_id}"), "not bold default")
    head.append(f"  {hold.hold_id}", "not bold dim")
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("when", "what", "by", "until", "reason"):
        table.add_column(heading, no_wrap=heading != "reason", overflow="fold")
    for action in history:
        reasons = "\n".join(printable(one.text) for one in action.reasons)
        what = Text(f"{action.status} ").append(words(action.action), "dim")
        table.add_row(action.effective_at, what, action.by, action.expires_at or "", Text(reasons))
    return Group(head, table, Text())


def _subject(hold: Hold) -> str:
    event = f"event {hold.event_id} of " if hold.subject == "event" else ""
    return f"{event}order {hold.order_id} of " if hold.order_id else event


def as_json(hold: Hold, now: int) -> dict[str, Any]:
    """A hold for machines, with the contract's names and its age (s) at `now` (epoch ms)."""
    fields: dict[str, Any] = {name: getattr(hold, name) for name in hold.__struct_fields__}
    for name in ("opened_at", "effective_at", "expires_at"):
        fields[name] = None if fields[name] is None else format_time(fields[name])
    fields["order_id"] = hold.order_id or None
    fields["limit"] = None if hold.limit is None else limit_fields(hold.limit)
    fields["reasons"] = [{"code": reason.code, "text": reason.text} for reason in hold.reasons]
    return fields | {"age_seconds": (now - hold.opened_at) / 1_000}


def span(millis: int) -> str:
    """A length of time in its largest fitting unit."""
    for unit, size in _UNITS:
        if abs(millis) >= size:
            return f"{millis / size:.1f} {unit}"
    return f"{millis} ms"


def printable(text: str) -> str:
    """Anybody's text, without what would steer a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def words(name: str) -> str:
    """A name of the contracts, as people write it."""
    return name.replace("_", " ")
