"""Our windows against those of the Fraud Detection Handbook, on its own data, by the commands that its user types.

LONG_TESTS=1 reads every transaction; else those of some customers and terminals, which takes seconds.
"""

import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.cli.running import Sealwax, runner

REPOSITORY: Final = Path(__file__).parents[2]
EXAMPLES: Final = REPOSITORY / "docs" / "examples"
DATA: Final = Path(os.environ.get("TEST_DATA", REPOSITORY.parent / "shared" / "data")) / "fdh"
TRANSACTIONS: Final = DATA / "transactions-2018-04-to-07.parquet"
FEATURES: Final = DATA / "features-2018-04-01-to-05-15.parquet"

END: Final = datetime(2018, 5, 16)  # noqa: DTZ001 (the data has no zone)
ALL: Final = bool(os.environ.get("LONG_TESTS"))
CUSTOMERS, TERMINALS = (range(20), range(20)) if ALL else ((8, 19), (0,))
"""Of twenty parts each: all transactions of these are read, and compared in what they tell."""

SWAPPED: Final = ((121_453, 121_454), (174_806, 174_807))
"""Transactions of a customer in the same second, which the book's unstable sort has taken in the other order. Five such
pairs it has left as they are, and no rule of ids, amounts or terminals tells which."""

BOOK: Final = {
    f"{ours}_{days}d": f"{theirs}_{days}DAY_WINDOW"
    for ours, theirs in {
        "user_count": "CUSTOMER_ID_NB_TX",
        "user_amount_mean": "CUSTOMER_ID_AVG_AMOUNT",
        "merchant_count": "TERMINAL_ID_NB_TX",
        "merchant_fraud_rate": "TERMINAL_ID_RISK",
    }.items()
    for days in (1, 7, 30)
}
OF_USER: Final = 6
"""Of the twelve, the first ones."""

Values = npt.NDArray[np.float64]


def transactions() -> pa.Table:
    table = pq.read_table(TRANSACTIONS, filters=pc.field("TX_DATETIME") < END)
    return table.filter(told(table, "CUSTOMER_ID", CUSTOMERS) | told(table, "TERMINAL_ID", TERMINALS))


def told(table: pa.Table, name: str, parts: Collection[int]) -> npt.NDArray[np.bool_]:
    """Which rows tell all of their customer or terminal."""
    return np.isin(table[name].to_numpy() % 20, list(parts))


def by_the_command(rows: pa.Table, folder: Path, sealwax: Sealwax) -> Values:
    """The twelve features of the rows, in their order."""
    pq.write_table(rows, folder / "transactions.parquet")
    events, labels, output = (folder / name for name in ("events.jsonl", "labels.jsonl", "features.parquet"))
    read = ("--events", events, "--labels", labels)
    assert sealwax("import", "--mapping", EXAMPLES / "fdh.toml", *read, folder / "transactions.parquet").status == 0
    assert sealwax("features", "--features", EXAMPLES / "fdh-features.toml", *read, "--output", output).status == 0
    table = pq.read_table(output)
    assert table["event_id"].to_pylist() == [f"fdh-{number}" for number in rows["TRANSACTION_ID"].to_pylist()]
    return np.column_stack([table[name].to_numpy() for name in BOOK])


def by_the_book(numbers: npt.NDArray[np.int64]) -> Values:
    table = pq.read_table(FEATURES, columns=["TRANSACTION_ID", *BOOK.values()])
    place = np.argsort(table["TRANSACTION_ID"].to_numpy())
    assert (table["TRANSACTION_ID"].to_numpy()[place] == np.arange(len(table))).all()
    return np.column_stack([table[name].to_numpy() for name in BOOK.values()])[place[numbers]]


@pytest.mark.skipif(not FEATURES.exists(), reason=f"{FEATURES} is absent; set TEST_DATA to the folder of fdh/")
def test_the_twelve_windows_are_the_books(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = transactions()
    numbers = rows["TRANSACTION_ID"].to_numpy()
    ours, books = by_the_command(rows, tmp_path, runner(capsys, monkeypatch)), by_the_book(numbers)
    of_user, of_merchant = told(rows, "CUSTOMER_ID", CUSTOMERS), told(rows, "TERMINAL_ID", TERMINALS)
    compared = np.column_stack([of_user] * OF_USER + [of_merchant] * (len(BOOK) - OF_USER))
    differing = compared & ~(np.abs(ours - books) <= 1e-6)
    assert sorted(numbers[differing.any(axis=1)]) == sorted(number for pair in SWAPPED for number in pair)
    assert not differing[:, OF_USER:].any()
    for pair in SWAPPED:
        ours_last, books_last = (int(np.flatnonzero(numbers == number)[0]) for number in reversed(pair))
        np.testing.assert_allclose(ours[ours_last, :OF_USER], books[books_last, :OF_USER], atol=1e-6)
    assert compared.sum() >= (12 * 431_773 if ALL else 6 * 50_000)
    assert (ours[of_merchant, -1] > 0).sum() > 100
