"""A campaign and its judgement."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.faults.campaign import Campaign, Result
from tests.faults.verdict import NOTHING_WRONG, Verdict
from tests.flow.harness import Cluster, flow_settings, run_to_end
from tests.flow.stream import Stream


class Trial(NamedTuple):
    """What a campaign did, and how its output differs from an undisturbed run's."""

    result: Result
    verdict: Verdict
    records: int
    """That the undisturbed run wrote."""

    @property
    def is_clean(self) -> bool:
        return self.result.status == 0 and self.verdict == NOTHING_WRONG


def run_trial(campaign: Campaign, stream: Stream, make_cluster: Callable[..., Cluster], directory: Path) -> Trial:
    """Run the campaign, then the flow once more over the same input, undisturbed and in one process."""
    disturbed = make_cluster()
    result = campaign.run(disturbed, stream, directory)
    topics = disturbed.topics
    alone = make_cluster(
        transactions=topics.transactions, labels=topics.labels, decisions=topics.decisions, control=topics.control
    )
    run_to_end(flow_settings(directory / "alone", alone.bootstrap, alone.topics), alone.url, alone.url, alone.url)
    outputs = alone.outputs()
    records = sum(map(len, vars(outputs).values()))
    return Trial(result, Verdict.of(result.outputs, outputs), records)
