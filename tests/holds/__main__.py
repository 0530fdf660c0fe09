"""The long campaign over flow and holds. `python -m tests.holds` prints a table; status 1 means: a table differs."""

import argparse
import logging
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.faults.campaign import Campaign
from tests.faults.plan import OUTSIDE
from tests.faults.surroundings import a_cluster, memory, new_topics, say
from tests.flow.stream import make_stream
from tests.holds.campaign import Trial, run_trial
from tests.holds.postgres_server import NoServerError, postgres_server
from tests.holds.victim import POINTS

_EVENTS_A_ROUND: Final = 300
_HEAD: Final = (
    "flow         killed  services  write  before commit  after commit  outside  holds  transitions  tables differ"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.holds", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="kills of each flow")
    parser.add_argument("--kills", type=int, default=25, help="kills of the service over each table")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # each restart is one
    trials = []
    for processes in (1, 2):
        with ExitStack() as stack:
            bootstrap = stack.enter_context(a_cluster())
            directory = Path(stack.enter_context(TemporaryDirectory(dir=memory())))
            tables = [str(directory / "holds.db")]
            try:
                tables.append(stack.enter_context(postgres_server()))
            except NoServerError as reason:
                say(f"SQLite alone: {reason}")
            campaign = Campaign((processes,), options.rounds, options.seed)
            stream = make_stream(options.seed, _EVENTS_A_ROUND * (options.rounds + 1))
            say(f"{processes} processes: {options.rounds} kills of the flow, {options.kills} of each service ...")
            make = partial(new_topics, bootstrap)
            trials.append((processes, run_trial(campaign, options.kills, tables, stream, make, directory)))
    say("\n".join(["", _HEAD, *(_row(*trial) for trial in trials)]))
    return 0 if all(trial.is_clean for _, trial in trials) else 1


def _row(processes: int, trial: Trial) -> str:
    points = "  ".join(f"{trial.points[point]:{len(point)}}" for point in (*POINTS, OUTSIDE))
    transitions = sum(hold.transitions for hold in trial.undisturbed.holds)
    differing = sum(contents != trial.undisturbed for contents in trial.disturbed)
    name = f"{processes} process{'' if processes == 1 else 'es'}"
    return (
        f"{name:11}  {trial.flow.kills.total():6}  {trial.points.total():8}  {points}  "
        f"{len(trial.undisturbed.holds):5}  {transitions:11}  {differing} of {len(trial.disturbed)}"
    )


if __name__ == "__main__":
    sys.exit(main())
