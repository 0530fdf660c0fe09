"""What the commands share that change the policy of a running flow: their options, and how a change is sent."""

import getpass
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import structs

from contracts.codec import InvalidRecordError, decode_control
from contracts.control import ControlChange, encode_control
from contracts.messages import ChangeKind
from contracts.times import format_time, parse_time
from dataflows.control_sending import AHEAD, Sent, follow_changes, present, send_changes
from dataflows.errors import UserError
from dataflows.settings import Settings

Config = Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")]
To = Annotated[str | None, typer.Option(help="kafka://host:port or a directory; the settings' cluster by default.")]
At = Annotated[
    str | None, typer.Option(help="From which event time on it counts, RFC 3339; by default in a few seconds.")
]
By = Annotated[str | None, typer.Option(help="Who changes it; the user's name on this machine by default.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in a sentence for those who read of it.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds in which a running flow is to answer; 0 waits for none.")]
Source = Annotated[
    str | None, typer.Argument(help="kafka://host:port, a directory or a file; the settings' cluster by default.")
]

PATIENCE: Final = 10.0
_LISTED: Final = 10


def new_change(kind: ChangeKind, name: str, by: str | None, reason: str) -> ControlChange:
    """A change that says neither what nor when yet."""
    return ControlChange(uuid.uuid4().hex, kind, name, 0, by or getpass.getuser(), reason)


def described(change: ControlChange) -> str:
    """What a change does, in a few words."""
    match change.kind:
        case "policy":
            return f"policy {change.name}"
        case "list":
            return f"{change.entry} {'joins' if change.member else 'leaves'} lists.{change.name}"
        case "threshold":
            value = "as its policy says" if change.value is None else f"{change.value:g}"
            return f"threshold.{change.name} is {value}"


def send(
    changes: Sequence[ControlChange],
    settings: Settings,
    to: str | None,
    at: str | None,
    wait: float,
    earliest: int = 0,
) -> None:
    """Send changes for a time, and tell what became of them. Raises UserError where the flow refuses any.

    Without `at` the time is soon, but not before `earliest` (epoch ms).
    """
    url = to or settings.kafka.url
    live = url.startswith("kafka://")
    time = _time(at, earliest, url, settings)
    changes = [_checked(structs.replace(change, effective_at=time)) for change in changes]
    if not live or not wait:
        send_changes(changes, url, settings)
        typer.echo(f"sent: {_summary(changes)}, effective at {format_time(time)}")
        return
    anew = None if at else lambda ahead: _time(None, earliest, url, settings, ahead)
    sent = follow_changes(changes, url, settings, wait, anew)
    _check(sent)
    if len(sent.outcomes) < len(sent.changes):
        typer.echo(f"sent: {_summary(changes)}; no flow has answered in {wait:g} s: it is judged when one runs")
    else:
        typer.echo(f"accepted: {_summary(changes)}, effective at {format_time(sent.changes[0].effective_at)}")


def _time(at: str | None, earliest: int, url: str, settings: Settings, ahead: int = AHEAD) -> int:
    if at is None:
        if not url.startswith("kafka://"):
            raise UserError("--at: a directory has no present; say from which event time on it counts")
        return max(present(url, settings) + ahead, earliest)
    try:
        return parse_time(at)
    except ValueError as error:
        raise UserError(f"--at: {error}") from None


def _checked(change: ControlChange) -> ControlChange:
    try:
        decode_control(encode_control(change))
    except InvalidRecordError as error:
        raise UserError(f"{described(change)}: {error}") from None
    return change


def _check(sent: Sent) -> None:
    refused = [
        f"{described(change)} was refused: {outcome.text}"
        for change in sent.changes
        if (outcome := sent.outcomes.get(change.change_id)) and not outcome.accepted
    ]
    if refused:
        more = [f"and {len(refused) - _LISTED:,} more"] if len(refused) > _LISTED else []
        raise UserError("\n".join(refused[:_LISTED] + more))


def _summary(changes: Sequence[ControlChange]) -> str:
    return described(changes[0]) if len(changes) == 1 else f"{len(changes):,} entries of lists.{changes[0].name}"
