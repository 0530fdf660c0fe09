"""Inputs and outputs by their URL: a Kafka cluster, a file, or a directory of files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from dataflows.connectors.base import InputLog, OutputLog, ReadRange
from dataflows.connectors.file_input import SUFFIXES, FileInput
from dataflows.connectors.file_output import FileOutput
from dataflows.connectors.kafka_fenced import FencedKafkaOutput
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.connectors.kafka_settings import KafkaSettings
from dataflows.connectors.merged_input import MergedInput
from dataflows.errors import UserError

Delivery = Literal["plain", "fenced"]

_KAFKA: Final = "kafka://"
_INPUTS: Final = f"kafka://host:port, a file ({', '.join(SUFFIXES)}) or a directory of such files"


def open_input(urls: Mapping[str, str], read_range: ReadRange, kafka_settings: KafkaSettings) -> InputLog:
    """The log that holds each topic at its URL. Topics of one cluster share a consumer.

    In a directory a topic is the file of its name. Raises UserError for a URL that names nothing readable.
    """
    clusters: dict[str, list[str]] = {}
    files: dict[str, Path] = {}
    for topic, url in urls.items():
        if url.startswith(_KAFKA):
            clusters.setdefault(_bootstrap(url), []).append(topic)
        else:
            files[topic] = _input_file(url, topic)
    logs: dict[str, InputLog] = {}
    for bootstrap, topics in clusters.items():
        log = KafkaInput({**kafka_settings, "bootstrap.servers": bootstrap}, topics, read_range)
        logs |= dict.fromkeys(topics, log)
    if files:
        logs |= dict.fromkeys(files, FileInput(files, read_range))
    return MergedInput(logs)


def may_hold(url: str, topic: str) -> bool:
    """Whether a topic is to be looked for where another is: in the same cluster, or as a file in the same directory."""
    return url.startswith(_KAFKA) or _topic_file(Path(url), topic) is not None


def open_output(
    url: str, kafka_settings: KafkaSettings, *, delivery: Delivery = "plain", source: str = "/sealwax"
) -> OutputLog:
    """The log to write to at a URL: a Kafka cluster, or a directory of one file for each topic.

    `delivery` and `source` (of CloudEvents) are Kafka's alone. Raises UserError for a URL that cannot be written to.
    """
    if url.startswith(_KAFKA):
        settings = {**kafka_settings, "bootstrap.servers": _bootstrap(url)}
        return (FencedKafkaOutput if delivery == "fenced" else KafkaOutput)(settings, source=source)
    if "://" in url:
        raise UserError(f"{url}: an output is kafka://host:port or a directory")
    if url.endswith(SUFFIXES) or Path(url).is_file():
        raise UserError(f"{url}: an output is a directory; it gets one file for each topic")
    return FileOutput(Path(url))


def _bootstrap(url: str) -> str:
    servers = url.removeprefix(_KAFKA).rstrip("/")
    for server in servers.split(","):
        host, _, port = server.rpartition(":")
        if not host or not port.isdecimal() or "/" in host or "@" in host:
            raise UserError(
                f"{url}: a cluster is kafka://host:port, or kafka://host:port,host:port for several brokers"
            )
    return servers


def _input_file(url: str, topic: str) -> Path:
    if "://" in url:
        raise UserError(f"{url}: an input is {_INPUTS}")
    path = Path(url)
    if not path.exists():
        raise UserError(f"{path}: no such file or directory")
    if not path.is_dir():
        return path
    if file := _topic_file(path, topic):
        return file
    raise UserError(f"{path}: this directory has no {topic}.jsonl")


def _topic_file(directory: Path, topic: str) -> Path | None:
    return next((file for suffix in SUFFIXES if (file := directory / f"{topic}{suffix}").is_file()), None)
