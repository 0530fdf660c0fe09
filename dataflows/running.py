"""Starting a flow: what is fixed before its first process, once for all of them and for every restart."""

from contextlib import closing

from dataflows.connectors.base import InputLog
from dataflows.connectors.urls import may_hold
from dataflows.control_journal import ControlJournal
from dataflows.flow_record import flow_record
from dataflows.progress import progress_line
from dataflows.request import RunRequest
from dataflows.settings import Settings
from dataflows.supervisor import Supervisor
from dataflows.worker import Job


def run_flow(job: Job, processes: int) -> int:
    """Run the flow until it ends or is stopped, and return the exit status. Raises UserError for what can't work."""
    return Supervisor(job, processes).run(meanwhile=progress_line(job.state / "progress"))


def flow_job(
    settings: Settings,
    source: str | None,
    labels: str | None,
    sink: str | None,
    stop_at_end: bool,
    decisions: str | None = None,
    control: str | None = None,
) -> Job:
    """What the processes of the flow are told. Raises UserError for what can't work.

    Labels, decisions and changes of the policy that aren't named are looked for beside the events: in the same cluster,
    or in the files of the same directory, where there are such.
    """
    kafka = settings.kafka.url
    source = source or kafka
    request = RunRequest(
        source=source,
        labels=labels or beside(source, settings.topics.labels),
        decisions=decisions or beside(source, settings.topics.decisions),
        control=control or beside(source, settings.topics.control),
        sink=sink or kafka,
        wire=settings.to_wire(),
    )
    state = settings.state.directory
    request.timeline()
    request.check_scorer()
    with closing(request.open_input()) as log, closing(request.open_output()) as output:
        log.partitions()
        ends = _ends(log) if stop_at_end else None
        record = flow_record(state, request, log, output)
    request = request.model_copy(update={"starts": record.starts, "ends": ends, "origins": record.origins})
    return Job(
        build="dataflows.flow:build",
        state=state,
        arguments=request.model_dump(mode="json"),
        epoch_ms=settings.state.epoch,
    )


def pushed_policy(job: Job) -> str | None:
    """The version of the policy that will decide, where that isn't the one of the settings but one that was pushed."""
    request = RunRequest.model_validate(job.arguments)
    timeline = request.timeline()
    with closing(ControlJournal(job.state / "control", timeline, kept=False)) as journal:
        policy = timeline.at(journal.passed).engine.policy
    return None if policy.source == timeline.initial.source else policy.version


def beside(source: str, topic: str) -> str | None:
    """The source itself, where it may hold a topic too."""
    return source if may_hold(source, topic) else None


def _ends(log: InputLog) -> dict[str, int]:
    """Where each partition ends now."""
    ends = {}
    for topic, number in log.partitions():
        with closing(log.open(topic, number)) as partition:
            if partition.lag is not None:
                ends[f"{topic}-{number}"] = partition.position + partition.lag
    return ends
