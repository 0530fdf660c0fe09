import subprocess
import sys
from pathlib import Path

from dataflows.watermarks import IDLE, UNKNOWN, WatermarkBoard


def test_the_slowest_partition_holds_the_others(tmp_path: Path) -> None:
    board = WatermarkBoard(tmp_path / "board", 3)
    assert board.minimum() == UNKNOWN
    board.set(0, 1_700_000_000_000)
    board.set(1, 1_600_000_000_000)
    assert board.minimum() == UNKNOWN
    board.set(2, 1_800_000_000_000)
    assert board.minimum() == 1_600_000_000_000
    board.set(1, IDLE)
    assert board.minimum() == 1_700_000_000_000
    board.set(1, 1_650_000_000_000)
    assert board.minimum() == 1_650_000_000_000


def test_all_idle_hold_nobody(tmp_path: Path) -> None:
    board = WatermarkBoard(tmp_path / "board", 2)
    board.set(0, IDLE)
    board.set(1, IDLE)
    assert board.minimum() == IDLE


def test_another_process_sees_it_at_once(tmp_path: Path) -> None:
    mine = WatermarkBoard(tmp_path / "board", 2)
    mine.set(0, 1_700_000_000_000)
    code = f"""
from pathlib import Path
from dataflows.watermarks import WatermarkBoard
board = WatermarkBoard(Path({str(tmp_path / "board")!r}), 2)
board.set(1, 1_500_000_000_000)
assert board.minimum() == 1_500_000_000_000
board.set(1, 1_900_000_000_000)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    assert mine.minimum() == 1_700_000_000_000


def test_a_new_start_knows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "board"
    WatermarkBoard.reset(path)
    WatermarkBoard(path, 1).set(0, 1_700_000_000_000)
    WatermarkBoard.reset(path)
    assert WatermarkBoard(path, 1).minimum() == UNKNOWN
