"""An embedded Kafka-compatible broker for the demo and the tests: one process, nothing to install beside a wheel.

It is `noida-db`. It may lose acknowledged records when it is stopped, and slows down as its topics grow beyond some
hundred megabytes, so it serves neither production nor tests of a broker's restart.
"""

import importlib.util
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from dataflows.errors import UserError

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 5.0


class EmbeddedBroker:
    """A context manager inside which the broker runs."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        """Keep the broker's data and its log, `broker.log`, in `directory`; listen on `port`, or on a free one."""
        self._directory = directory
        self._log = directory / "broker.log"
        self._port = port or _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The broker's host:port."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The broker's process, to pause it in a test."""
        assert self._process is not None, "the broker is not running"
        return self._process.pid

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        _check_free(self._port)
        command = [str(_binary()), "start", "--only", "kafka", "--kafka-port", str(self._port)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--data-dir", str(self._directory / "data")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the flow, which still has records to write
            )
        try:
            self._await_answer(self._process)
        except BaseException:
            self._stop()
            raise
        return self

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        for _ in range(int(_START_SECONDS)):
            try:
                client.list_topics(timeout=1)
            except KafkaException:
                if process.poll() is not None:
                    break
            else:
                return
        raise UserError(f"the embedded broker did not start on {self.bootstrap}; {self._log} says why")

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()


def _binary() -> Path:
    package = importlib.util.find_spec("noida_db")
    if package is None or package.origin is None:
        raise UserError("the embedded broker is not installed: pip install 'sealwax[local]', or name a Kafka cluster")
    binary = Path(package.origin).with_name("noida-db")
    binary.chmod(0o755)  # the wheel's own launcher does the same: wheels may lose the mode
    return binary


def _check_free(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(f"the embedded broker cannot listen on port {port}: {error.strerror}") from None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
