"""What `sealwax doctor` looks at: each check tells what it found and, where something is wrong, how to mend it."""

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from dataflows.connectors.admin import describe_topics
from dataflows.errors import UserError
from dataflows.request import RunRequest
from dataflows.settings import Settings
from dataflows.state import StateDirectory
from dataflows.topics import as_found, flow_topics, mismatches

_LITTLE_DISK: Final = 2 * 1024**3
"""Bytes; a million users' state takes about one GB, and its log is merged into a second copy."""
_PATIENCE: Final = 3.0
"""Seconds to wait for a broker."""
_GPU: Final = Path("/dev/nvidia0")


class Finding(NamedTuple):
    """One line of the report."""

    level: Literal["ok", "warn", "fail"]
    text: str
    fix: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def run_checks(settings: Settings) -> Iterator[Finding]:
    """All findings, in the order of the report; what breaks several checks is told once."""
    told = set()
    for check in CHECKS:
        try:
            yield from check(settings)
        except UserError as error:
            if str(error) not in told:
                told.add(str(error))
                yield Finding("fail", str(error))


def _python(_: Settings) -> Iterator[Finding]:
    version, wanted = platform.python_version(), metadata.metadata("sealwax")["Requires-Python"]
    if SpecifierSet(wanted).contains(version):
        yield Finding("ok", f"Python {version}")
    else:
        yield Finding("fail", f"Python {version} is not {wanted}", "use Python 3.11 or 3.12")


def _packages(_: Settings) -> Iterator[Finding]:
    wanted = [Requirement(line) for line in metadata.requires("sealwax") or ()]
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [problem for one in needed if (problem := _problem(one))]
    if wrong:
        yield Finding("fail", f"packages: {'; '.join(wrong)}", "pip install --upgrade sealwax")
    else:
        yield Finding("ok", f"{len(needed)} packages, the engine is bytewax {metadata.version('bytewax')}")


def _problem(wanted: Requirement) -> str:
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is missing"
    return "" if wanted.specifier.contains(version) else f"{wanted.name} {version} is not {wanted.specifier}"


def _gpu(_: Settings) -> Iterator[Finding]:
    build = metadata.version("torch")
    if not _GPU.exists():
        yield Finding("ok", f"no GPU: scoring on the CPU with torch {build}")
    elif build.endswith("+cpu"):
        yield Finding("warn", f"a GPU is here, but torch {build} can't use it", "install torch's build for CUDA")
    else:
        yield Finding("ok", f"GPU with torch {build}")


def _state(settings: Settings) -> Iterator[Finding]:
    directory = settings.state.directory
    existing = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding("fail", f"state.directory: {existing} can't be written to", "change its owner, or the setting")
    elif (directory / "groups").is_dir():
        StateDirectory(directory / "groups")
        yield Finding("ok", f"state directory {directory}")
    else:
        yield Finding("ok", f"state directory {directory} will be made")
    free = shutil.disk_usage(existing).free
    if free < _LITTLE_DISK:
        yield Finding("warn", f"{existing}: only {free / 1024**3:.1f} GiB of disk are free", "make room")
    else:
        yield Finding("ok", f"{free / 1024**3:.0f} GiB of disk are free")


def _features(settings: Settings) -> Iterator[Finding]:
    features = _request(settings).features
    yield Finding("ok", f"feature set {features.version}: {len(features.names)} features")


def _policy(settings: Settings) -> Iterator[Finding]:
    policy = _request(settings).timeline().initial
    yield Finding("ok", f"policy {policy.version}: {len(policy.rules)} rules")


def _scorer(settings: Settings) -> Iterator[Finding]:
    scorer = _request(settings).scorer()
    yield Finding("ok", f"scorer {scorer.version}" if scorer else "no scorer: the policy's fallback decides")


def _broker(settings: Settings) -> Iterator[Finding]:
    cluster = settings.kafka.bootstrap
    if not is_reachable(cluster):
        fix = "start it, or set kafka.bootstrap (SEALWAX_KAFKA__BOOTSTRAP); files as source and sink need none"
        yield Finding("warn", f"no Kafka broker at {cluster}", fix)
        return
    yield Finding("ok", f"a broker listens at {cluster}")
    plans = flow_topics(settings.topics)
    found = describe_topics(settings.kafka.client(), [plan.name for plan in plans])
    plans = as_found(plans, found)
    for plan in plans[len(found) :]:
        yield Finding("fail", f"topic {plan.name} is missing", "sealwax topics create")
    for wrong in mismatches(plans, found):
        yield Finding("fail", f"topic {wrong}")
    if len(found) == len(plans):
        yield Finding("ok", f"{len(found)} topics")


def is_reachable(bootstrap: str) -> bool:
    """Whether anything listens at one of the host:port of a comma-separated list."""
    for server in bootstrap.split(","):
        host, _, port = server.rpartition(":")
        with suppress(OSError, ValueError), socket.create_connection((host.strip("[]"), int(port)), _PATIENCE):
            return True
    return False


def _request(settings: Settings) -> RunRequest:
    broker = settings.kafka.url
    return RunRequest(source=broker, labels=None, sink=broker, wire=settings.to_wire())


CHECKS: Final[tuple[Check, ...]] = (_python, _packages, _gpu, _state, _features, _policy, _scorer, _broker)
