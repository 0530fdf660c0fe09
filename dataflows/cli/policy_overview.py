"""A policy as tables: what is in it, and which rules an event of each type meets, in order."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.events import EVENT_TYPES
from operators.durations import format_duration
from operators.policy import Policy
from operators.policy.definition import ThresholdTable
from operators.policy.findings import find_doubtful
from operators.policy.policy import Rule
from operators.policy.tree import BySegment
from operators.policy.wording import text_of


def show_policy(console: Console, policy: Policy, feature_version: str | None) -> None:
    """What is in a policy, and what is doubtful about it. `feature_version`: of the set that it was checked with."""
    console.print(Text(f"{policy.source}: {policy.version}", "bold"))
    facts = Table.grid(padding=(0, 2))
    for name, told in (("levels", _levels(policy)), ("lists", _lists(policy)), ("segments", _segments(policy))):
        facts.add_row(name, Text(told))
    if policy.by_segment:
        facts.add_row("figures", Text("\n".join(map(_figures, policy.by_segment.values()))))
    if policy.thresholds:
        facts.add_row("thresholds", Text("\n".join(_threshold(name, one) for name, one in policy.thresholds.items())))
    facts.add_row("features", Text(_features(policy, feature_version)))
    console.print(facts)
    console.print()
    console.print(_rules(policy))
    console.print("\nThe first of these that holds decides:")
    console.print(_deciding(policy))
    for rule_id, text in find_doubtful(policy):
        warning = Text("warning: ", "bold yellow").append(f'rule "{rule_id}": {text}', "not bold default")
        console.print(warning, soft_wrap=True)
    console.print()


def _levels(policy: Policy) -> str:
    levels = ", ".join(f"{name} from {begin:g}" for name, begin in policy.levels)
    return f"{levels}; without new evidence the risk halves in {format_duration(policy.user_risk.half_life)}"


def _lists(policy: Policy) -> str:
    return ", ".join(f"{name} ({len(values):,})" for name, values in policy.lists.items()) or "none"


def _segments(policy: Policy) -> str:
    return "\n".join(f"{name}: {text_of(condition.tree)}" for name, condition in policy.segments.items()) or "none"


def _figures(figures: BySegment) -> str:
    chosen = [f"{number:g} in {segment.name}" for segment, number in figures.choices]
    return f"{figures.name}: {', '.join(chosen)}, otherwise {figures.otherwise:g}"


def _threshold(name: str, table: ThresholdTable) -> str:
    adapts = "adapts to a capacity" if table.capacity else "adapts to costs" if table.cost else "moved by people alone"
    return f"{name}: from {table.start:g}, between {table.min:g} and {table.max:g}, {adapts}"


def _features(policy: Policy, version: str | None) -> str:
    told = f"{len(policy.features)} named"
    return f"{told}, not checked: name the set with --features" if version is None else f"{told}, all in {version}"


def _rules(policy: Policy) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("rule", "action", "ends after", "cool-down", "events", *(["segments"] if policy.segments else [])):
        table.add_column(heading, no_wrap=heading != "events", overflow="fold")
    for rule in policy.rules:
        events = "all" if rule.events == EVENT_TYPES else ", ".join(rule.events)
        segments = [", ".join(rule.segments) or "all"] if policy.segments else []
        table.add_row(rule.id, _action(rule), _span(rule.expires), _span(rule.cooldown or None), events, *segments)
    return table


def _deciding(policy: Policy) -> Table:
    """For each event type the rules that may decide, in the order in which they are asked."""
    grid = Table.grid(padding=(0, 2))
    for kind in EVENT_TYPES:
        acting = [rule.id for rule in policy.rules if kind in rule.events and rule.action not in (None, "release")]
        grid.add_row(kind, Text(" > ".join(acting) or "none"))
    return grid


def _action(rule: Rule) -> Text:
    if rule.action is None:
        return Text("reason only", "dim")
    if rule.limit is not None:
        what = rule.limit.count if rule.limit.amount is None else rule.limit.amount
        return Text(f"limit to {what:g} per {format_duration(rule.limit.per)}")
    return Text(f"release {', '.join(rule.releases)}".rstrip() if rule.action == "release" else rule.action)


def _span(duration: int | None) -> str:
    return "" if duration is None else format_duration(duration)
