"""What a state directory was made with: written before the first record, checked at every start."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from dataflows.connectors.base import OutputLog
from dataflows.errors import UserError

_FILE = "flow.json"


class FlowRecord(BaseModel):
    """Kept in the state directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: str
    """The version of the feature set that shaped the state."""
    origins: dict[str, int]
    """The end of each output partition, by its name, when the directory was new: where a scan for ids begins."""


def flow_record(state: Path, features: str, output: OutputLog, partitions: dict[str, int]) -> FlowRecord:
    """The directory's record, made if the directory is new. Raises UserError where the feature set differs."""
    path = state / _FILE
    if not path.exists():
        record = FlowRecord(features=features, origins=_ends(output, partitions))
        state.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
        draft.rename(path)
    try:
        record = FlowRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(f"{path}: can't be read: {error}. Name another state directory, or restore this one") from None
    if record.features != features:
        raise UserError(
            f"{path}: this state was made with the feature set {record.features}, not {features}. "
            "Start the new one in a state directory of its own (--state)"
        )
    return record


def _ends(output: OutputLog, partitions: dict[str, int]) -> dict[str, int]:
    ends = {}
    for topic, count in partitions.items():
        for number in range(count):
            partition = output.open(topic, number)
            ends[f"{topic}-{number}"] = partition.end()
            partition.close()
    return ends
