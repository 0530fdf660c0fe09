"""Explained decisions: as a table for people, as JSON for programs."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.times import format_time
from operators.durations import format_duration
from operators.policy import Policy
from operators.policy.explanation import RuleExplanation, Seen
from operators.policy.reading import Moment, Value

_WORDS: Final = {True: ("yes", "green"), False: ("no", "dim"), None: ("unknown", "yellow")}
_LATER: Final = (
    "Whether a record follows also depends on the user's past: cool-downs, open actions, and what people have decided."
)


def to_json(policy: Policy, moment: Moment, explained: Sequence[RuleExplanation]) -> bytes:
    """An object with the event's id, the policy's version and the rules that look at the event."""
    rules = [_rule_object(one) for one in explained]
    told = {"event_id": moment.event.event_id, "version": policy.version, "rules": rules}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)


def _rule_object(one: RuleExplanation) -> dict[str, Any]:
    tests = [{"test": seen.text, "holds": seen.holds, "values": dict(seen.values)} for seen in one.tests]
    return {
        "id": one.rule.id,
        "holds": one.holds,
        "action": one.rule.action,
        "part": one.part,
        "by": one.by or None,
        "tests": tests,
    }


def show(console: Console, policy: Policy, moment: Moment, explained: Sequence[RuleExplanation]) -> None:
    """Each rule that looks at the event, its tests below it, and what each has seen."""
    event = moment.event
    score = "no score" if moment.score is None else f"score {moment.score:g}"
    console.print(
        Text(f"{event.event_id}: {event.event_type} of user {event.user_id}, {format_time(event.event_time)}")
    )
    late = ", late" if moment.late else ""
    console.print(Text(f"{score}, user risk {moment.user_risk:g} ({moment.level}){late}; policy {policy.version}\n"))
    table = Table("rule", "holds", "", box=None, pad_edge=False)
    for one in explained:
        table.add_row(Text(one.rule.id, "bold"), _holds(one.holds), Text(_part(one), "bold"))
        for seen in one.tests:
            table.add_row(Text(f"  {seen.text}"), _holds(seen.holds), Text(_values(seen)))
    console.print(table)
    console.print(Text(f"\n{_outcome(explained)}", "bold"), soft_wrap=True)


def _holds(value: Value) -> Text:
    return Text(*_WORDS[value if isinstance(value, bool) else None])


def _part(one: RuleExplanation) -> str:
    if one.part == "decides":
        return f"decides: {one.rule.action}"
    if one.part == "shadowed":
        return f"would {one.rule.action}, but {one.by} above it decides"
    return "" if one.part == "not met" else one.part


def _values(seen: Seen) -> str:
    """What was looked at, where the test doesn't say it itself."""
    return ", ".join(f"{name} = {_written(value)}" for name, value in dict(seen.values).items() if name != seen.text)


def _written(value: Value) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else f"{value:.10g}"


def _outcome(explained: Sequence[RuleExplanation]) -> str:
    winner = next((one for one in explained if one.part == "decides"), None)
    if winner is None:
        return "No rule that holds names an action: nothing follows."
    rule = winner.rule
    ends = "" if rule.expires is None else f", for {format_duration(rule.expires)}"
    return f"{rule.id} decides: {rule.action}{ends}. {rule.reason.text}\n{_LATER}"
