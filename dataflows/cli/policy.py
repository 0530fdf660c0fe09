"""`sealwax policy`: what a policy says, why it decides as it does, and whether it decides as it shall."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dataflows.cli.policy_overview import show_policy
from dataflows.cli.thresholds import thresholds
from dataflows.errors import UserError
from dataflows.features import load_feature_set
from dataflows.policies import load_policy
from operators.policy import PolicyEngine, PolicyError

app = typer.Typer()
app.command()(thresholds)

Features = Annotated[Path | None, typer.Option(help="The feature set's TOML file: checks that the features are there.")]


@app.callback()
def policy() -> None:
    """Check policies before they decide about anybody.

    Example: sealwax policy check shop-policy.toml
    """


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policies' TOML files.")],
    features: Features = None,
) -> None:
    """Check policy files, and show what is in them: the rules that each event type meets, in their order.

    Exits 2 where a file is wrong; the error names the rule, the column and the fix. Warns of rules that can't decide.

    Example: sealwax policy check shop-policy.toml --features shop-features.toml
    """
    feature_set = None if features is None else load_feature_set(features)
    console = Console(highlight=False)
    problems = []
    for path in files:
        try:
            found = load_policy(path)
            if feature_set is not None:
                PolicyEngine(found, feature_set.names)
        except (UserError, PolicyError) as error:
            problems.append(str(error))
            continue
        show_policy(console, found, feature_set.version if feature_set else None)
    if problems:
        raise UserError("\n".join(problems))
