"""The merge sort equals Python's own stable sort, whatever the disorder and the length of a run."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from dataflows.importing.time_order import TimeOrder

EARLIEST, LATEST = 946_684_800_000, 4_102_444_800_000


@given(st.lists(st.integers(EARLIEST, EARLIEST + 20) | st.integers(LATEST - 20, LATEST)), st.integers(1, 9))
def test_equals_a_stable_sort(times: list[int], run_lines: int) -> None:
    with TemporaryDirectory() as folder:
        with TimeOrder(Path(folder), run_lines) as order:
            for number, time in enumerate(times):
                order.add(time, b"%d" % number)
            lines = list(order.lines())
        assert list(Path(folder).iterdir()) == []
    assert lines == [b"%d\n" % number for number in sorted(range(len(times)), key=times.__getitem__)]
