"""`sealwax policy`: what a policy says, why it decides as it does, and whether it decides as it shall."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from dataflows.cli import policy_lists
from dataflows.cli.past import open_past
from dataflows.cli.policy_changes import history, push, rollback
from dataflows.cli.policy_explanations import show, to_json
from dataflows.cli.policy_overview import show_policy
from dataflows.cli.thresholds import thresholds
from dataflows.errors import UserError
from dataflows.explaining import find_event
from dataflows.features import load_feature_set
from dataflows.policies import load_policy
from dataflows.policy_moments import find_update, moment_of, parse_moment
from dataflows.policy_testing.report import run_tests, show_report
from dataflows.settings import load_settings
from operators.policy import Policy, PolicyEngine, PolicyError
from operators.policy.explanation import explain_rules
from operators.policy.reading import Moment

_LEAST_WIDTH: Final = 120
"""Characters that tables of rules take; a narrower terminal wraps them."""

app = typer.Typer(help="Check policies before they decide about anybody, and change that of a running flow.")

Features = Annotated[Path | None, typer.Option(help="The feature set's TOML file: checks that the features are there.")]


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
    console = Console(highlight=False, width=max(_LEAST_WIDTH, Console().width))
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


@app.command()
def explain(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="The policy's TOML file.")],
    event_id: Annotated[str | None, typer.Argument(metavar="[EVENT_ID]", help="An event of --events.")] = None,
    events: Annotated[str | None, typer.Option(help="A file, a directory or kafka://host:port of events.")] = None,
    updates: Annotated[str | None, typer.Option(help="The same, of the flow's risk updates, with features.")] = None,
    user: Annotated[str | None, typer.Option(help="The event's user, where several have one of this id.")] = None,
    given: Annotated[
        Path | None, typer.Option(help="Instead: a JSON file with event, score and features; - is the standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Explain what a policy makes of one event: which rules hold, what each test has seen, and which rule decides.

    A test whose value is missing is unknown: neither it nor its negation holds. Features come with the risk updates
    where the flow runs with sink.features.

    Example: sealwax policy explain shop-policy.toml p-17 --events shop --updates out
    """
    found = load_policy(policy)
    if event_id and events and updates and not given:
        moment = _of_logs(found, event_id, user, events, updates)
    elif given and not (event_id or events or updates or user):
        text = sys.stdin.buffer.read() if str(given) == "-" else _read(given)
        moment = parse_moment(text, str(given), found)
    else:
        raise UserError("name an event with EVENT_ID, --events and --updates, or a file with --given")
    explained = explain_rules(found, moment)
    if as_json:
        typer.echo(to_json(found, moment, explained))
        return
    show(Console(highlight=False, width=max(_LEAST_WIDTH, Console().width)), found, moment, explained)
    if missing := sorted(found.features - moment.features.keys()):
        typer.secho(f"features that nothing tells of, and so missing: {', '.join(missing)}", fg="yellow", err=True)


@app.command()
def test(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policies' TOML files.")],
    features: Features = None,
    every_rule: Annotated[bool, typer.Option("--every-rule", help="Fail where a rule holds in no test.")] = False,
) -> None:
    """Run the tests that lie beside policies: those of shop-policy.toml are in shop-policy.test.toml.

    Tells what is other than expected, and which rules no test has made hold. Exits 1 where a test fails.

    Example: sealwax policy test shop-policy.toml --every-rule
    """
    console = Console(highlight=False, soft_wrap=True)
    reports = [run_tests(path, features) for path in files]
    for report in reports:
        show_report(console, report)
    if any(report.failed or (every_rule and report.never_held) for report in reports):
        raise typer.Exit(1)


def _of_logs(policy: Policy, event_id: str, user: str | None, events: str, updates: str) -> Moment:
    with open_past(Console(stderr=True), events, None) as past:
        event = find_event(past.events(), event_id, user, f"in --events {events}")
    update = find_update(updates, event, load_settings())
    if update.versions.policy != policy.version:
        decided = f"the flow decided by {update.versions.policy}; this is what {policy.version} makes of the event"
        typer.secho(decided, fg="yellow", err=True)
    return moment_of(event, update, policy)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"--given {path}: can't be read: {error.strerror}") from None


for command in (push, rollback, history, thresholds):
    app.command()(command)
app.add_typer(policy_lists.app, name="lists")
