"""A score's account: as tables for people, as JSON for programs."""

from collections.abc import Iterator
from math import isnan
from typing import Any, Final

import msgspec
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.decisions import DECIMALS, RiskUpdate
from contracts.times import format_time
from dataflows.explaining_scores import Account, Judge, Moved
from operators.explainer import LEAST
from operators.occlusion import Part

_BAR: Final = 24
"""Characters of the longest bar."""


def show(console: Console, account: Account, judge: Judge, limit: int) -> None:
    """The event's update, its rules, at most `limit` effects on its score, and what would have been otherwise."""
    event, update = account.event, account.update
    console.print(
        Text(f"{event.event_id}: {event.event_type} of user {event.user_id}, {format_time(event.event_time)}", "bold")
    )
    console.print(f"score {update.score:.6f}, user risk {update.user_risk:.6f}, level {update.level}")
    console.print(Text(", ".join((update.versions.model, update.versions.policy, update.versions.features)), "dim"))
    console.print(Text("\nRules that hold", "bold"))
    console.print(_rules(update, judge))
    console.print(Text("\nWhat moved the score, in log-odds", "bold"))
    console.print(_effects(account, judge, limit))
    if account.otherwise:
        console.print(Text("\nOtherwise, scored again", "bold"))
        console.print(_otherwise(account))


def _rules(update: RiskUpdate, judge: Judge) -> Table | str:
    actions = {rule.id: rule.action for rule in judge.engine.policy.rules}
    table = Table(box=None, show_header=False)
    for reason in update.reasons:
        table.add_row(reason.code, actions[reason.code] or "", Text(reason.text))
    return table if update.reasons else "none"


def _effects(account: Account, judge: Judge, limit: int) -> Table | str:
    shown = [one for one in account.moved if abs(one.effect.log_odds) >= LEAST][:limit]
    longest = max((abs(one.effect.log_odds) for one in shown), default=1.0)
    table = Table(box=None, show_header=False)
    for effect, reason in shown:
        bar = "█" * max(1, round(_BAR * abs(effect.log_odds) / longest))
        style = "red" if effect.log_odds > 0 else "green"
        table.add_row(f"{effect.log_odds:+.2f}", Text(bar, style), reason.code, Text(reason.text))
        for name, value, usual in _values(account, judge, effect.part):
            table.add_row("", "", "", Text(f"{name} {_number(value)} (usual {_number(usual)})", "dim"))
    return table if shown else "nothing by itself"


def _otherwise(account: Account) -> Table:
    table = Table(box=None, show_header=False)
    for one in account.otherwise:
        without = one.without[0].code if len(one.without) == 1 else f"these {len(one.without)} together"
        held = ", ".join(_rules_of(one.update))
        table.add_row(f"without {without}", f"{one.update.score:.6f}", one.update.level, held or "no rule would hold")
    return table


def _rules_of(update: RiskUpdate) -> list[str]:
    return [reason.code for reason in update.reasons]


def _values(account: Account, judge: Judge, part: Part) -> Iterator[tuple[str, float, float]]:
    """Name, value and usual value of a part's features."""
    usual = judge.scorer.usual(account.event.event_type)
    for place in (*part.subject.places, *part.subject.derived) if part.subject else ():
        yield judge.features.names[place], account.given.features[place], usual[place]


def _number(value: float) -> str:
    return "unknown" if isnan(value) else f"{value:.10g}"


def to_json(account: Account, judge: Judge) -> bytes:
    """An object with the event, how it was judged, what moved the score, and what would have been otherwise."""
    event = account.event
    identity = {"event_id": event.event_id, "user_id": event.user_id, "event_time": format_time(event.event_time)}
    told = {
        **identity,
        **_judged(account.update),
        "versions": msgspec.structs.asdict(account.update.versions),
        "moved": [_moved(account, judge, one) for one in account.moved],
        "otherwise": [
            {"without": [reason.code for reason in one.without], **_judged(one.update)} for one in account.otherwise
        ],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)


def _judged(update: RiskUpdate) -> dict[str, Any]:
    return {
        "score": update.score,
        "user_risk": update.user_risk,
        "level": update.level,
        "rules": _rules_of(update),
    }


def _moved(account: Account, judge: Judge, moved: Moved) -> dict[str, Any]:
    effect, reason = moved
    values = _values(account, judge, effect.part)
    return {
        "code": reason.code,
        "text": reason.text,
        "log_odds": effect.log_odds,
        "score_without": round(effect.without, DECIMALS),
        "features": {name: {"value": value, "usual": usual} for name, value, usual in values},
    }
