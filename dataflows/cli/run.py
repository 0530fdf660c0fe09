"""sealwax run: the live flow."""

from pathlib import Path
from typing import Annotated

import typer

from dataflows.settings import load_settings


def run(
    config: Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")] = None,
    source: Annotated[str | None, typer.Option(help="kafka://host:port, a file or a directory of events.")] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="The same, of labels; without it they are read where the source is a cluster or a directory."
        ),
    ] = None,
    decisions: Annotated[str | None, typer.Option(help="The same, of people's decisions.")] = None,
    control: Annotated[str | None, typer.Option(help="The same, of changes of the policy.")] = None,
    sink: Annotated[str | None, typer.Option(help="kafka://host:port or a directory.")] = None,
    stop_at_end: Annotated[bool, typer.Option("--stop-at-end", help="End once what is there now was read.")] = False,
    processes: Annotated[int | None, typer.Option(help="Engine processes, one core each.")] = None,
    checkpoint: Annotated[str | None, typer.Option(help='A checkpoint\'s directory, "fake" or "none".')] = None,
    policy: Annotated[Path | None, typer.Option(help="The policy's TOML file.")] = None,
    features: Annotated[Path | None, typer.Option(help="The feature set's TOML file.")] = None,
    with_features: Annotated[
        bool | None, typer.Option("--with-features", help="Write each event's features into its update.")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="The state directory.")] = None,
) -> None:
    """Score a stream of events continuously, on as many processes as wanted.

    Example: sealwax run --source kafka://localhost:9092 --sink kafka://localhost:9092 --processes 2

    Files serve as well: sealwax run --source events.jsonl --labels labels.jsonl --sink out --stop-at-end
    """
    from dataflows.running import flow_job, pushed_policy, run_flow

    settings = load_settings(
        config,
        {
            "processes": processes,
            "scoring.checkpoint": checkpoint,
            "policy": policy,
            "features": features,
            "state.directory": state,
            "sink.features": with_features,
        },
    )
    job = flow_job(settings, source, labels, sink, stop_at_end, decisions, control)
    if version := pushed_policy(job):
        typer.echo(f"{version} is in force, since it was pushed; `sealwax policy rollback` ends that", err=True)
    raise typer.Exit(run_flow(job, settings.processes))
