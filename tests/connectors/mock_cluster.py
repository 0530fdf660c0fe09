"""librdkafka's own mock cluster, which answers with the errors that a test wants: no broker does that at will."""

import ctypes
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import KafkaError, cimpl

PRODUCE: Final = 0
FETCH: Final = 1
INIT_PRODUCER_ID: Final = 22
ADD_PARTITIONS: Final = 24
END_TRANSACTION: Final = 26
"""Requests, by their numbers in Kafka's protocol."""

_PRODUCER: Final = 0
_POINTER: Final = ctypes.c_void_p
_SIGNATURES: Final[dict[str, tuple[Any, list[Any]]]] = {
    "rd_kafka_new": (_POINTER, [ctypes.c_int, _POINTER, _POINTER, ctypes.c_size_t]),
    "rd_kafka_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_new": (_POINTER, [_POINTER, ctypes.c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [_POINTER]),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, [_POINTER]),
    "rd_kafka_mock_topic_create": (ctypes.c_int, [_POINTER, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]),
    "rd_kafka_mock_topic_set_error": (None, [_POINTER, ctypes.c_char_p, ctypes.c_int]),
    "rd_kafka_mock_push_request_errors_array": (None, [_POINTER, ctypes.c_int16, ctypes.c_size_t, _POINTER]),
}


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(cimpl.__file__)
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockCluster:
    """A cluster of one broker, with one topic of one partition."""

    def __init__(self, topic: str) -> None:
        self._library = _library()
        self._client = self._library.rd_kafka_new(_PRODUCER, None, None, 0)
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        self._topic = topic.encode()
        assert self._library.rd_kafka_mock_topic_create(self._cluster, self._topic, 1, 1) == KafkaError.NO_ERROR

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    @property
    def bootstrap(self) -> str:
        """Its host:port."""
        bootstraps: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return bootstraps.decode()

    def answer(self, request: int, *errors: int) -> None:
        """Answer the next requests of a kind with errors."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, request, len(errors), codes)

    def describe_topic_as(self, error: int) -> None:
        """Answer with an error whenever somebody asks for the topic's partitions."""
        self._library.rd_kafka_mock_topic_set_error(self._cluster, self._topic, error)
