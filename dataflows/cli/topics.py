"""`sealwax topics`: the flow's topics in a Kafka cluster."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dataflows.connectors.admin import TopicDescription, TopicPlan, create_topics, describe_topics
from dataflows.connectors.base import DeliveryError, OutputRecord
from dataflows.connectors.urls import open_output
from dataflows.errors import UserError
from dataflows.sending import record_makers, send_all
from dataflows.settings import Settings, load_settings
from dataflows.topics import DEFAULT_PARTITIONS, as_found, flow_topics, mismatches

app = typer.Typer(help="Create, list and fill the flow's Kafka topics.")

Config = Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")]
Bootstrap = Annotated[str | None, typer.Option(help="The cluster's host:port.")]


@app.command()
def create(
    config: Config = None,
    bootstrap: Bootstrap = None,
    partitions: Annotated[
        int | None,
        typer.Option(min=1, max=1_000, help=f"Of each topic keyed by user; {DEFAULT_PARTITIONS} where it is new."),
    ] = None,
) -> None:
    """Make the topics that are missing; those that exist stay as they are.

    Example: sealwax topics create --bootstrap localhost:9092 --partitions 8
    """
    settings = load_settings(config, {"kafka.bootstrap": bootstrap})
    plans = flow_topics(settings.topics, partitions or DEFAULT_PARTITIONS)
    created = create_topics(settings.kafka.client(), plans)
    found = describe_topics(settings.kafka.client(), [plan.name for plan in plans])
    if partitions is None:
        plans = as_found(plans, found)
    _show(settings, plans, found, created)
    if wrong := mismatches(plans, found):
        raise UserError("\n".join(wrong))


@app.command("list")
def list_topics(config: Config = None, bootstrap: Bootstrap = None) -> None:
    """Show the topics, and what is missing or wrong.

    Example: sealwax topics list --bootstrap localhost:9092
    """
    settings = load_settings(config, {"kafka.bootstrap": bootstrap})
    plans = flow_topics(settings.topics)
    found = describe_topics(settings.kafka.client(), [plan.name for plan in plans])
    plans = as_found(plans, found)
    _show(settings, plans, found, [])
    missing = [f"{plan.name}: missing: `sealwax topics create` makes it" for plan in plans[len(found) :]]
    if wrong := missing + mismatches(plans, found):
        raise UserError("\n".join(wrong))


@app.command()
def send(
    config: Config = None,
    bootstrap: Bootstrap = None,
    events: Annotated[str | None, typer.Option(help="A file or a directory of events.")] = None,
    labels: Annotated[str | None, typer.Option(help="The same, of labels.")] = None,
    decisions: Annotated[str | None, typer.Option(help="The same, of people's decisions.")] = None,
    control: Annotated[str | None, typer.Option(help="The same, of changes of policies, lists, thresholds.")] = None,
) -> None:
    """Send files of events, labels, decisions and changes to their topics, by their keys, each file in its order.

    Example: sealwax topics send --bootstrap localhost:9092 --events events.jsonl --labels labels.jsonl
    """
    given = events, labels, decisions, control
    if not any(given):
        raise UserError("nothing to send: name --events, --labels, --decisions or --control")
    settings = load_settings(config, {"kafka.bootstrap": bootstrap})
    client, topics = settings.kafka.client(), settings.topics
    with closing(open_output(settings.kafka.url, client)) as log:
        makers = record_makers(topics).items()
        for url, (topic, make) in zip(given, makers, strict=True):
            if url is not None:
                count = _counted(send_all(url, topic, make, log, client))
                typer.echo(f"{count:,} records of {url} sent to {topic}")


def _counted(sent: Iterable[OutputRecord]) -> int:
    columns = TextColumn("[bold]send"), TextColumn("{task.completed:,.0f} records"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        try:
            return sum(1 for _ in progress.track(sent, total=None))
        except DeliveryError as error:
            raise UserError(str(error)) from None


def _show(settings: Settings, plans: list[TopicPlan], found: list[TopicDescription], created: list[str]) -> None:
    table = Table(title=f"topics of {settings.kafka.bootstrap}", title_justify="left", box=None, pad_edge=False)
    for heading in ("topic", "partitions", "replicas", "cleanup", "largest record", ""):
        table.add_column(
            heading, justify="right" if heading in ("partitions", "replicas", "largest record") else "left"
        )
    known = {topic.name: topic for topic in found}
    for plan in plans:
        if topic := known.get(plan.name):
            cleanup = "compact" if topic.compacted else "delete"
            note = "created" if topic.name in created else ""
            table.add_row(
                topic.name, str(topic.partitions), str(topic.replicas), cleanup, f"{topic.largest_message:,}", note
            )
        else:
            table.add_row(plan.name, "", "", "", "", "missing")
    Console().print(table)
