"""The short form of the campaign: `make faults` is the long one.

Whether a scan finds ids after so few kills is chance: the long form asks for it, as tests/delivery does.
"""

from dataclasses import replace

import pytest

from tests.faults.campaign import Campaign
from tests.faults.trial import Trial, run_trial
from tests.faults.verdict import NOTHING_WRONG
from tests.flow.changes import MINUTE, VERSIONS, changes_within, first_positions, seen, told_positions
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.stream import make_stream

pytestmark = pytest.mark.kafka


def _try(campaign: Campaign, make_cluster: MakeCluster, make_directory: MakeDirectory) -> Trial:
    return run_trial(campaign, make_stream(campaign.seed, 1_200), make_cluster, make_directory())


@pytest.mark.parametrize(
    "campaign", [Campaign((1,), 4, seed=1, mode="snapshots"), Campaign((2,), 4, seed=2)], ids=["1", "2"]
)
def test_kills_leave_no_trace(campaign: Campaign, make_cluster: MakeCluster, make_directory: MakeDirectory) -> None:
    trial = _try(campaign, make_cluster, make_directory)
    assert trial.result.status == 0
    assert trial.result.kills.total() >= campaign.kills
    assert trial.records > 1_200
    assert trial.verdict == NOTHING_WRONG


def test_kills_around_changes_of_the_policy_leave_no_trace(
    make_cluster: MakeCluster, make_directory: MakeDirectory
) -> None:
    stream = make_stream(5, 1_200)._replace(changes=changes_within(13 * MINUTE))
    trial = run_trial(Campaign((2, 1), 4, seed=5, mode="control"), stream, make_cluster, make_directory())
    assert trial.result.status == 0
    assert trial.result.kills.total() >= 4
    assert any(point.startswith("verdict") for point in trial.result.kills)
    assert {one.policy for one in seen(trial.result.outputs).values()} == VERSIONS
    assert told_positions(trial.result.outputs) == first_positions(stream)
    assert trial.verdict == NOTHING_WRONG


@pytest.mark.parametrize(
    "control",
    [Campaign((1,), 6, seed=3, mode="stale", unpruned=True), Campaign((1,), 1, seed=4, mode="ahead", forgetful=True)],
    ids=["without the prune", "without an older version"],
)
def test_the_campaign_would_see_it(control: Campaign, make_cluster: MakeCluster, make_directory: MakeDirectory) -> None:
    """On a busy machine a kill may miss its moment: a few campaigns, of which one must see it."""
    trials = (_try(replace(control, seed=control.seed + again), make_cluster, make_directory) for again in range(4))
    assert any(not trial.is_clean for trial in trials)
