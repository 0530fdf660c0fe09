"""`sealwax features` from files to a Parquet file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from dataflows import feature_table
from dataflows.features import load_feature_set
from dataflows.offline import replay
from tests.cli.running import Outcome, Sealwax
from tests.flow.harness import FEATURES, event_records, label_records, write_lines
from tests.flow.stream import START, make_stream

STREAM = make_stream(8, 1_500)


class Files(NamedTuple):
    """What the command is given."""

    features: Path
    events: Path
    labels: Path
    output: Path

    def options(self) -> list[str]:
        return [part for name, path in self._asdict().items() for part in (f"--{name}", str(path))]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(FEATURES, tmp_path / "events.jsonl", tmp_path / "labels.jsonl", tmp_path / "out.parquet")
    write_lines(files.events, event_records(STREAM))
    write_lines(files.labels, label_records(STREAM))
    return files


def table(sealwax: Sealwax, files: Files, *more: str) -> pa.Table:
    ended = sealwax("features", *files.options(), *more)
    assert ended.status == 0, ended.err
    return pq.read_table(files.output)


@pytest.fixture
def whole(sealwax: Sealwax, files: Files) -> pa.Table:
    return table(sealwax, files)


def test_a_row_for_each_event_has_what_a_scorer_would_be_given(
    files: Files, sealwax: Sealwax, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_table, "_ROWS", 400)
    features = load_feature_set(FEATURES)
    found = table(sealwax, files)
    replayed = list(replay(STREAM.events, STREAM.labels, features))
    assert found["event_id"].to_pylist() == [event.event_id for event, _ in replayed]
    assert found["user_id"].to_pylist() == [event.user_id for event, _ in replayed]
    assert found["event_time"].cast(pa.int64()).to_pylist() == [event.event_time for event, _ in replayed]
    values = np.column_stack([found[name].to_numpy() for name in features.names])
    np.testing.assert_array_equal(values, [scored.features for _, scored in replayed])
    assert set(found["event_id"].to_pylist()) == STREAM.event_ids
    assert len(found) == len(STREAM.event_ids) < len(STREAM.events)
    assert pq.ParquetFile(files.output).num_row_groups == 4


def test_the_columns_are_as_documented(whole: pa.Table) -> None:
    features = load_feature_set(FEATURES)
    schema = whole.schema
    assert schema.names == ["event_id", "event_time", "user_id", *features.names, "capped"]
    of_event = [pa.string(), pa.timestamp("ms", "UTC"), pa.string()]
    assert schema.types == [*of_event, *[pa.float64()] * len(features.names), pa.list_(pa.string())]
    assert schema.metadata == {feature_table.VERSION: features.version.encode()}


def test_what_is_unknown_is_null(whole: pa.Table) -> None:
    amounts = {event.event_id: event.amount for event in STREAM.events}
    unknown = [amounts[event_id] is None for event_id in whole["event_id"].to_pylist()]
    assert whole["amount"].is_null().to_pylist() == unknown
    assert not np.isnan(whole["amount"].drop_null().to_numpy()).any()


def test_parquet_and_compressed_files_give_the_same(files: Files, whole: pa.Table, sealwax: Sealwax) -> None:
    others = files._replace(events=files.events.with_suffix(".parquet"), labels=files.labels.with_suffix(".jsonl.zst"))
    records = [json.loads(line) for line in files.events.read_bytes().splitlines()]
    names = sorted({name for record in records for name in record})
    pq.write_table(pa.table({name: [record.get(name) for record in records] for name in names}), others.events)
    others.labels.write_bytes(zstandard.compress(files.labels.read_bytes()))
    assert table(sealwax, others).equals(whole)


def test_labels_may_come_in_any_order(files: Files, whole: pa.Table, sealwax: Sealwax) -> None:
    write_lines(files.labels, label_records(STREAM._replace(labels=sorted(STREAM.labels, key=lambda one: one.source))))
    assert table(sealwax, files).equals(whole)


def test_a_period_selects_and_what_came_before_it_builds_the_state(
    files: Files, whole: pa.Table, sealwax: Sealwax
) -> None:
    times = whole["event_time"].cast(pa.int64()).to_numpy()
    chosen = (times >= START + 300_000) & (times < START + 700_000)
    part = table(sealwax, files, "--from", "2025-06-15T15:11:40Z", "--to", "2025-06-15T15:18:20Z")
    assert part.equals(whole.filter(pa.array(chosen)))
    assert 0 < len(part) < len(whole)


def test_no_events_are_no_rows(files: Files, sealwax: Sealwax) -> None:
    files.events.write_text("")
    found = table(sealwax, files)
    assert found.num_rows == 0
    assert "merchant_fraud_rate_10m" in found.schema.names


def test_bad_records_are_told_and_left_out(files: Files, whole: pa.Table, sealwax: Sealwax) -> None:
    with files.events.open("ab") as file:
        file.write(b"\nnot JSON\n" * 12)
    ended = sealwax("features", *files.options())
    assert ended.err.count("the value is not valid JSON") == 10
    assert "left out: 12" in ended.err
    assert f"{len(whole):,} events with 16 features (flow-test#" in ended.err
    assert pq.read_table(files.output).equals(whole)


def _in_no_folder(files: Files) -> Files:
    return files._replace(output=files.output.parent / "none" / "out.parquet")


def _as_csv(files: Files) -> Files:
    return files._replace(output=files.output.with_suffix(".csv"))


def _as_folder(files: Files) -> Files:
    files.output.mkdir()
    return files


def _over_the_events(files: Files) -> Files:
    copy = files._replace(events=files.output)
    pq.write_table(pa.table({"event_id": ["a"]}), copy.events)
    return copy


def _absent_events(files: Files) -> Files:
    return files._replace(events=files.events.with_name("absent.jsonl"))


def _cut_off(files: Files) -> Files:
    copy = files._replace(events=files.events.with_suffix(".jsonl.zst"))
    copy.events.write_bytes(zstandard.compress(files.events.read_bytes())[:-5_000])
    return copy


def _with_features(files: Files, text: str) -> Files:
    path = files.output.with_name("wrong.toml")
    path.write_text(f'name = "wrong"\n[[features]]\n{text}')
    return files._replace(features=path)


def _taken_name(files: Files) -> Files:
    return _with_features(files, 'name = "user_id"\nentity = "user"\naggregate = "age"')


def _wrong_features(files: Files) -> Files:
    return _with_features(files, 'name = "age"\nentity = "user"\naggregate = "aeg"')


@pytest.mark.parametrize(
    ("mishap", "said"),
    [
        (_in_no_folder, "out.parquet: can't be written: No such file or directory"),
        (_as_csv, "out.csv: features are written as Parquet: name a file *.parquet"),
        (_as_folder, "out.parquet: can't be written: it is a directory"),
        (_over_the_events, "is what is read; name another file"),
        (_absent_events, "absent.jsonl: no such file"),
        (_cut_off, "the compressed file is cut off"),
        (_taken_name, "can't hold the feature user_id: a column of the event has this name"),
        (_wrong_features, "wrong.toml, line 5: feature age: aggregate: Input should be 'value', 'count'"),
    ],
)
def test_a_users_mistake_is_told_and_leaves_nothing(
    files: Files, mishap: Callable[[Files], Files], said: str, sealwax: Sealwax
) -> None:
    wrong = mishap(files)
    before = sorted(wrong.output.parent.glob("*"))
    ended: Outcome = sealwax("features", *wrong.options())
    assert ended.status == 2
    assert said in ended.err
    assert sorted(wrong.output.parent.glob("*")) == before


def test_a_failure_leaves_the_file_of_before(files: Files, whole: pa.Table, sealwax: Sealwax) -> None:
    assert sealwax("features", *_cut_off(files).options()).status == 2
    assert pq.read_table(files.output).equals(whole)


def test_features_over_labels_want_labels(files: Files, sealwax: Sealwax) -> None:
    without = [part for name in ("features", "events", "output") for part in (f"--{name}", getattr(files, name))]
    ended = sealwax("features", *without)
    assert ended.status == 2
    assert "the feature merchant_fraud_rate_{window} looks at labels: name them with --labels" in ended.err
