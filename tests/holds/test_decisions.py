"""A person's release goes the whole way: from the table over the topic through the flow, and back into the table."""

from pathlib import Path

import pytest

from contracts.times import format_time
from dataflows.holds import HoldTable, consume
from tests.cli.running import Sealwax, runner
from tests.flow.harness import event_records, flow_settings, run_to_end, write_lines
from tests.flow.stream import make_stream


@pytest.fixture
def sealwax(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sealwax:
    return runner(capsys, monkeypatch)


def test_a_release_is_obeyed_by_the_flow_and_comes_back(sealwax: Sealwax, tmp_path: Path) -> None:
    source, first, second, table = (str(tmp_path / name) for name in ("source", "first", "second", "holds.db"))
    Path(source).mkdir()
    write_lines(Path(source) / "transactions.jsonl", event_records(make_stream(4, 300)))
    run_to_end(flow_settings(tmp_path / "a"), source, None, first)
    with HoldTable.open(table) as holds:
        consume(holds, first)
        before = holds.pending()
    hold = next(hold for hold in before if hold.subject == "order")

    decided = format_time(hold.effective_at + 10_000)
    told = sealwax(
        "holds", "release", hold.order_id, "--table", table, "--sink", source, "--reason", "Called.", "--by", "ann",
        "--at", decided,
    )  # fmt: skip
    assert told.status == 0, told.err
    run_to_end(flow_settings(tmp_path / "b"), source, None, second, decisions=source)
    with HoldTable.open(table) as holds:
        totals = consume(holds, second)
        assert (totals.applied, totals.refused) == ({"released": 1}, {})
        (released,) = holds.find(hold.order_id)
        assert (released.phase, released.by, format_time(released.effective_at)) == ("lifted", "decision", decided)
        assert released.reasons[0].text.startswith("ann (") and released.reasons[0].text.endswith("): Called.")
        assert holds.pending() == [one for one in before if one != hold]
