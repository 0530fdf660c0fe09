"""The long campaign. `python -m tests.faults` prints a table; its status is 1 if anything is wrong."""

import argparse
import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.faults.campaign import Campaign
from tests.faults.plan import OUTSIDE
from tests.faults.surroundings import a_cluster, memory, new_topics, say
from tests.faults.trial import Trial, run_trial
from tests.flow.stream import make_stream

_EVENTS_A_ROUND: Final = 300
_HEAD: Final = (
    "campaign               kills  outside  inside  starts  scans  suppressed  records  lost  twice  wrong  invented"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="kills on each number of processes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # each restart is one
    trials = []
    with a_cluster() as bootstrap:
        for name, campaign in _campaigns(options.rounds, options.seed).items():
            say(f"{name}: {campaign.kills} kills ...")
            stream = make_stream(campaign.seed, _EVENTS_A_ROUND * (campaign.kills + 1))
            with TemporaryDirectory(dir=memory()) as directory:
                make = lambda **given: new_topics(bootstrap, **given)  # noqa: E731
                trials.append((name, run_trial(campaign, stream, make, Path(directory))))
            say(_row(*trials[-1]))
    say("\n".join(["", _HEAD, *(_row(*trial) for trial in trials)]))
    expected = [trial.is_clean is not name.startswith("control") for name, trial in trials]
    return 0 if all(expected) else 1


def _campaigns(rounds: int, seed: int) -> dict[str, Campaign]:
    return {
        "1 process": Campaign((1,), rounds, seed),
        "2 processes": Campaign((2,), rounds, seed),
        "1 process, snapshots": Campaign((1,), rounds, seed, "snapshots"),
        "2 processes, snapshots": Campaign((2,), rounds, seed, "snapshots"),
        "2 processes, fenced": Campaign((2,), rounds, seed, fenced=True),
        "1, 2, 3 processes": Campaign((1, 2, 3), rounds, seed),
        "control: no prune": Campaign((1,), 8, seed, "stale", unpruned=True),
        "control: one version": Campaign((1,), 4, seed, "ahead", forgetful=True),
    }


def _row(name: str, trial: Trial) -> str:
    result, verdict = trial.result, trial.verdict
    outside = result.kills[OUTSIDE]
    inside = result.kills.total() - outside
    said = "refused to go on" if result.status else ""
    return (
        f"{name:22} {outside + inside:5}  {outside:7}  {inside:6}  {result.starts:6}  {result.scans:5}  "
        f"{result.suppressed:10}  {trial.records:7}  {verdict.lost:4}  {verdict.twice:5}  {verdict.wrong:5}  "
        f"{verdict.invented:8}  {said}"
    )


if __name__ == "__main__":
    sys.exit(main())
