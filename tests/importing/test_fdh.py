"""The example mapping of the Fraud Detection Handbook, on the data itself."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import EXAMPLES, REPOSITORY, ImportTables

DATA = Path(os.environ.get("TEST_DATA", REPOSITORY.parent / "shared" / "data"))
TRANSACTIONS = DATA / "fdh" / "transactions-2018-04-to-07.parquet"


@pytest.mark.skipif(not TRANSACTIONS.exists(), reason=f"{TRANSACTIONS} is absent; set TEST_DATA to the folder of fdh/")
def test_every_row_becomes_its_event_and_label(tmp_path: Path, import_tables: ImportTables) -> None:
    with pq.ParquetFile(TRANSACTIONS) as file:
        first = pa.Table.from_batches([next(file.iter_batches(20_000))])
    pq.write_table(first, tmp_path / "first.parquet")
    result = import_tables(EXAMPLES / "fdh.toml", tmp_path / "first.parquet")
    assert result.bad == []
    assert (result.counts.events, result.counts.labels, result.counts.out_of_order) == (20_000, 20_000, 0)
    for row, event, label in zip(first.to_pylist(), result.events, result.labels, strict=True):
        time = row["TX_DATETIME"].replace(tzinfo=UTC)
        number = str(row["TRANSACTION_ID"])
        assert event == {
            "event_id": f"fdh-{number}",
            "event_type": "payment",
            "event_time": _rfc_3339(time),
            "user_id": str(row["CUSTOMER_ID"]),
            "order_id": number,
            "amount": round(row["TX_AMOUNT"], 4),
            "merchant_id": str(row["TERMINAL_ID"]),
        }
        assert label == {
            "event_id": f"fdh-{number}",
            "user_id": str(row["CUSTOMER_ID"]),
            "label": "fraud" if row["TX_FRAUD"] else "legitimate",
            "label_time": _rfc_3339(time + timedelta(days=7)),
            "source": "fdh",
        }


def _rfc_3339(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
