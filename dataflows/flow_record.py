"""What a state directory was made with: written before the first record, checked at every start."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.problems import first_problem
from dataflows.connectors.base import InputLog, OutputLog
from dataflows.errors import UserError
from dataflows.request import RunRequest

_FILE = "flow.json"


class FlowRecord(BaseModel):
    """Kept in the state directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: str
    """The version of the feature set that shaped the state."""
    places: dict[str, str]
    """Where each topic lies: positions in one file or cluster mean nothing in another."""
    starts: dict[str, int] | None
    """Where the first record to be read was in each input partition, by its name, when the directory was new; None: at
    the beginning, as it is of a partition that comes later, and of the changes of the policy."""
    origins: dict[str, int]
    """The end of each output partition, by its name, when the directory was new: where a scan for ids begins."""


def flow_record(state: Path, request: RunRequest, log: InputLog, output: OutputLog) -> FlowRecord:
    """The directory's record, made if the directory is new. Raises UserError where the request doesn't go with it."""
    path = state / _FILE
    if not path.exists():
        _write(path, _new_record(request, log, output))
    try:
        record = FlowRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        said = first_problem(error) if isinstance(error, ValidationError) else error.strerror
        raise UserError(f"{path}: can't be read: {said}. Name another state directory, or restore this one") from None
    _check(path, record, request)
    return record


def _write(path: Path, record: FlowRecord) -> None:
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
        draft.rename(path)
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}. Name another state directory (--state)") from None


def _check(path: Path, record: FlowRecord, request: RunRequest) -> None:
    features = request.features.version
    problems = [f"with the feature set {record.features}, not {features}"] if record.features != features else []
    for topic, place in request.places.items():
        before = record.places.get(topic)
        if before is None and topic in request.output_topics:
            problems.append(f"without the output topic {topic}")
        elif before not in (None, place):  # labels may join later
            problems.append(f"with {topic} in {before}, not in {place}")
    if problems:
        raise UserError(
            f"{path}: this state was made {problems[0]}. Start the new flow in a state directory of its own (--state)"
        )


def _new_record(request: RunRequest, log: InputLog, output: OutputLog) -> FlowRecord:
    return FlowRecord(
        features=request.features.version,
        places=request.places,
        starts=None if request.settings.source.start == "earliest" else _starts(request, log),
        origins=_origins(request, output),
    )


def _starts(request: RunRequest, log: InputLog) -> dict[str, int]:
    starts = {}
    for topic, number in log.partitions():
        if topic == request.settings.topics.control:
            continue
        partition = log.open(topic, number)
        starts[f"{topic}-{number}"] = partition.position
        partition.close()
    return starts


def _origins(request: RunRequest, output: OutputLog) -> dict[str, int]:
    origins = {}
    for topic in request.output_topics:
        for number in range(output.partitions(topic)):
            origins[f"{topic}-{number}"] = output.end(topic, number)
    return origins
