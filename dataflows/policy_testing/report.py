"""All of a policy's tests, run, and told: what passed, what differs, and which rules no test has made hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from dataflows.errors import UserError
from dataflows.features import load_feature_set
from dataflows.policies import load_policy
from dataflows.policy_testing.definition import TestFile, read_tests
from dataflows.policy_testing.trial import Outcome, try_case, try_story
from operators.policy import Policy, PolicyEngine, PolicyError


class Report(NamedTuple):
    """What became of a policy's tests."""

    policy: Policy
    tests: Path
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> int:
        """Tests of which something differs."""
        return sum(bool(outcome.differences) for outcome in self.outcomes)

    @property
    def never_held(self) -> list[str]:
        """The rules that no test has made hold."""
        held = {rule_id for outcome in self.outcomes for rule_id in outcome.held}
        return [rule.id for rule in self.policy.rules if rule.id not in held]


def run_tests(path: Path, features: Path | None) -> Report:
    """Runs the tests beside a policy: those of `shop.toml` lie in `shop.test.toml`.

    `features` is the feature set's file, where not the one that the tests name. Raises UserError.
    """
    policy = load_policy(path)
    tests = path.with_suffix(".test.toml")
    file = read_tests(tests)
    names = _feature_names(policy, features or (tests.parent / file.features if file.features else None))
    try:
        PolicyEngine(policy, names)
        return Report(policy, tests, tuple(_outcomes(file, policy, names)))
    except PolicyError as error:
        raise UserError(str(error)) from None
    except UserError as error:
        raise UserError(f"{tests}: {error}") from None


def _outcomes(file: TestFile, policy: Policy, names: tuple[str, ...]) -> Iterator[Outcome]:
    yield from (try_case(case, policy, names) for case in file.case)
    yield from (try_story(story, policy, names) for story in file.story)


def _feature_names(policy: Policy, features: Path | None) -> tuple[str, ...]:
    """Those of the feature set or, without one, those that the policy names."""
    return tuple(sorted(policy.features)) if features is None else load_feature_set(features).names


def show_report(console: Console, report: Report) -> None:
    """A line for each test, what differs below it, and how much of the policy the tests have seen."""
    console.print(Text(f"{report.tests}: of {report.policy.version}", "bold"))
    for outcome in report.outcomes:
        passed = not outcome.differences
        console.print(
            Text("  pass  " if passed else "  FAIL  ", "green" if passed else "bold red").append(outcome.name)
        )
        for one in outcome.differences:
            told = Text(f"          {one.what}: expected ").append(one.expected, "green")
            console.print(told.append(", got ").append(one.got, "red"))
    rules, never = len(report.policy.rules), report.never_held
    seen = f"{rules - len(never)} of {rules} rules held in some test"
    console.print(Text(f"{seen}; never: {', '.join(never)}" if never else seen, "yellow" if never else ""))
    console.print(Text(f"{len(report.outcomes) - report.failed} passed, {report.failed} failed\n"))
