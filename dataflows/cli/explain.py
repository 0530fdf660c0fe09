"""`sealwax explain`: why one event has its score."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from contracts.scoring import ExplainableScorer
from dataflows.cli.past import open_past
from dataflows.cli.reasons import show, to_json
from dataflows.errors import UserError
from dataflows.explaining_scores import Judge, account_for
from dataflows.request import RunRequest
from dataflows.running import beside
from dataflows.settings import Settings, load_settings

_LEAST_WIDTH = 120
"""Characters that a reason takes; a narrower terminal wraps it."""


def explain(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The event whose score is explained.")],
    config: Annotated[Path | None, typer.Option(help="Settings file; sealwax.toml where there is one.")] = None,
    source: Annotated[str | None, typer.Option(help="kafka://host:port, a file or a directory of events.")] = None,
    labels: Annotated[str | None, typer.Option(help="The same, of labels; by default those beside the events.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="A checkpoint's directory.")] = None,
    policy: Annotated[Path | None, typer.Option(help="The policy's TOML file.")] = None,
    features: Annotated[Path | None, typer.Option(help="The feature set's TOML file.")] = None,
    user: Annotated[str | None, typer.Option(help="The event's user, where several have one of this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many of the strongest effects.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Say why one event has its score: what moved it, and what it would have been otherwise.

    Replays the log up to the event, through the flow's own operators, and judges the event's user anew. Each part of
    what was known is taken away in its turn and the rest scored again: nothing is estimated.

    Example: sealwax explain e-41f0 --source events.jsonl --labels labels.jsonl
    """
    flags = {"scoring.checkpoint": checkpoint and str(checkpoint), "policy": policy, "features": features}
    settings = load_settings(config, flags)
    judge = _judge(settings)
    source = source or settings.kafka.url
    labels = labels or beside(source, settings.topics.labels)
    with open_past(Console(stderr=True), source, labels, settings) as past:
        account = account_for(past, judge, event_id, user, f"in {source}")
    if as_json:
        typer.echo(to_json(account, judge))
    else:
        show(Console(width=max(_LEAST_WIDTH, Console().width), highlight=False), account, judge, limit)


def _judge(settings: Settings) -> Judge:
    request = RunRequest(source="", labels=None, sink="", wire=settings.to_wire())
    engine, scorer = request.timeline().at(0).engine, request.scorer()
    explainer = request.explainer(scorer, lambda _: engine.policy.user_risk.review_score)
    named = settings.scoring.checkpoint
    if not isinstance(scorer, ExplainableScorer):
        raise UserError(
            f'scoring.checkpoint: "{named}" has nothing to explain: name a checkpoint that `sealwax train` made'
        )
    if explainer is None:
        raise UserError(
            f"{named}: has not learnt what is usual, which explanations rest on: train it with this version of Sealwax"
        )
    return Judge(scorer, request.features, engine, explainer)
