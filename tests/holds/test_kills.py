"""The short form of the campaign over flow and holds: `python -m tests.holds` is the long one."""

import pytest

from tests.faults.campaign import Campaign
from tests.faults.plan import OUTSIDE
from tests.flow.conftest import MakeCluster, MakeDirectory
from tests.flow.stream import make_stream
from tests.holds.campaign import Contents, Killed, Trial, run_trial
from tests.holds.conftest import NewTable

pytestmark = pytest.mark.kafka

_KILLS = 3


@pytest.fixture(scope="module")
def trial(make_cluster: MakeCluster, make_directory: MakeDirectory, new_file: NewTable, new_schema: NewTable) -> Trial:
    stream = make_stream(3, 700)._replace(labels=[], decisions=[])  # actions wait for them: here they come at once
    campaign = Campaign((1,), 2, seed=3)
    return run_trial(campaign, _KILLS, [new_file(), new_schema()], stream, make_cluster, make_directory())


def test_kills_of_flow_and_service_leave_no_trace_in_the_tables(trial: Trial) -> None:
    assert trial.flow.status == 0
    assert trial.flow.kills.total() >= 2
    assert trial.points.total() == 2 * _KILLS
    assert trial.points.keys() - {OUTSIDE}, "no service died in the midst of its work"
    assert len(trial.undisturbed.holds) > 40
    assert {hold.status for hold in trial.undisturbed.holds} >= {"opened", "released", "expired"}
    assert trial.undisturbed.refused == []
    for contents in trial.disturbed:
        assert contents == trial.undisturbed


def test_the_campaign_would_see_it(trial: Trial, new_file: NewTable) -> None:
    """Where a position is committed apart from what was read up to it, kills lose holds."""
    cluster = trial.actions
    broken = Killed(cluster.url, cluster.topics.policy_actions, new_file(), kills=0, seed=0, broken=True)
    broken.live_and_die("before commit", 4)  # the first two make the tables and the third keeps a position
    broken.read_on()
    assert Contents.of(broken.table) != trial.undisturbed
