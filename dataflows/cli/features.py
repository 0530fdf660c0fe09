"""`sealwax features`: the features of past events as a file, and what one event's are made of."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from typer.core import TyperGroup

from dataflows.cli.explanations import show, to_json
from dataflows.cli.past import open_past
from dataflows.errors import UserError
from dataflows.explaining import explain_event
from dataflows.feature_table import new_feature_table
from dataflows.features import load_feature_file, load_feature_set
from dataflows.label_order import by_label_time
from dataflows.offline import enrich_period
from dataflows.period import Period

_LEAST_WIDTH: Final = 120
"""Characters that a table of events takes; a narrower terminal wraps them."""


class _OwnOrOther(TyperGroup):
    """A group that does something itself; its own options are needed only where none of its commands is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does, of which a newer typer brings its own."""
        if args and args[0] in self.commands:
            for parameter in self.params:
                parameter.required = False
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_OwnOrOther)

Features = Annotated[Path, typer.Option(help="The feature set's TOML file.")]
Events = Annotated[str, typer.Option(help="A file, a directory or kafka://host:port of events.")]
Labels = Annotated[str | None, typer.Option(help="The same, of labels; needed where a feature looks at labels.")]


@app.callback(invoke_without_command=True)
def features(
    context: typer.Context,
    features: Features,
    events: Events,
    output: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    labels: Labels = None,
    start: Annotated[str | None, typer.Option("--from", help="First day or time to write.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="First day or time that is not written.")] = None,
) -> None:
    """Compute the features of past events, as they would have been live, into a Parquet file.

    A row for each event, in their order: event_id, event_time, user_id, the features, null where unknown, and which of
    them are capped, because an entity has more events than are kept one by one. A label counts from the time at which
    it became known. Events before --from build the state.

    Example: sealwax features --features docs/examples/fdh-features.toml --events events.jsonl --labels labels.jsonl
    --output features.parquet
    """
    if context.invoked_subcommand:
        return
    period, feature_set = Period.parse(start, end), load_feature_set(features)
    _check_labels(features, labels)
    _check_output(output, events, labels)
    console = Console(stderr=True)
    with (
        new_feature_table(output, feature_set) as table,
        open_past(console, events, labels) as past,
        by_label_time(past.labels(), output.parent) as known,
    ):
        rows = table.write(enrich_period(past.events(), known, feature_set, period))
    columns = f"{len(feature_set.names)} features ({feature_set.version})"
    console.print(f"{rows:,} events with {columns} to {output}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def explain(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The event whose features are explained.")],
    features: Features,
    events: Events,
    labels: Labels = None,
    user: Annotated[str | None, typer.Option(help="The event's user, where several have one of this id.")] = None,
    only: Annotated[list[str] | None, typer.Option("--feature", help="Only this one; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many of the latest events of a window.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Show which events made each feature of one event, and which labels were known when.

    Each value is computed twice: by the flow's own operators over the whole log, and by its definition from the events
    that are shown. Exits 1 where they differ.

    Example: sealwax features explain fdh-1169288 --features docs/examples/fdh-features.toml --events events.jsonl
    --labels labels.jsonl --feature merchant_fraud_rate_7d
    """
    feature_set = load_feature_set(features)
    _check_labels(features, labels)
    _check_names(only or [], feature_set.names)
    with open_past(Console(stderr=True), events, labels) as past:
        event, explanations = explain_event(past, feature_set, load_feature_file(features), event_id, user)
    chosen = [one for one in explanations if not only or one.name in only]
    if as_json:
        typer.echo(to_json(event, feature_set.version, chosen))
    else:
        show(Console(width=max(_LEAST_WIDTH, Console().width)), event, feature_set.version, chosen, limit)
    if not all(one.agrees for one in chosen):
        raise typer.Exit(1)


def _check_names(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the feature set has {', '.join(known)}"
            raise UserError(f"--feature {name}: no such feature; {hint}")


def _check_labels(features: Path, labels: str | None) -> None:
    looking = [feature.name for feature in load_feature_file(features).features if feature.label]
    if looking and labels is None:
        raise UserError(f"{features}: the feature {looking[0]} looks at labels: name them with --labels")


def _check_output(output: Path, *inputs: str | None) -> None:
    if output.exists() and any(url and Path(url).exists() and output.samefile(url) for url in inputs):
        raise UserError(f"--output {output}: is what is read; name another file")
