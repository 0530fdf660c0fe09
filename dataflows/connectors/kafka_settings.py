"""How librdkafka's clients are configured: our defaults, the user's settings, what we rely on, and the secrets."""

import logging
import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException

from dataflows.errors import UserError

KafkaSettings = Mapping[str, str | int | float | bool]
"""librdkafka's own names, such as `security.protocol`; its CONFIGURATION.md explains them."""

SECRETS_PREFIX: Final = "SEALWAX_KAFKA_"

ANSWER_SECONDS: Final = 30.0
"""How long a question at the start (which partitions, which offsets) may stay unanswered before the start fails."""

LARGEST_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes of a record that is written; a dead letter holds a whole input record in base64."""

C = TypeVar("C")

_SECRET = re.compile(r"password|passphrase|secret|private\.key|key\.pem|oauthbearer\.config")

log = logging.getLogger(__name__)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether it isn't of a broken connection, twenty times a second: those come as errors too, which are counted."""
    return not (isinstance(record.args, tuple) and record.args[:1] == ("FAIL",))


log.addFilter(_is_news)


def client_settings(
    settings: KafkaSettings,
    *,
    defaults: Mapping[str, Any],
    required: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """A client's configuration: the user's settings over our defaults, with the secrets of the environment.

    Raises UserError where the settings name no broker, hold a secret, or contradict what the flow's promises rely on.
    """
    for name, value in settings.items():
        if is_secret(name):
            raise UserError(
                f"Kafka settings: {name} is a secret. Remove it, and set the variable {secret_variable(name)}"
            )
        if name in required and str(value).lower() != str(required[name]).lower():
            raise UserError(f"Kafka settings: {name} must stay {str(required[name]).lower()}. Remove it")
    if not settings.get("bootstrap.servers"):
        raise UserError("Kafka settings: bootstrap.servers is missing, such as localhost:9092")
    return {**defaults, **settings, **_secrets(environment), **required, "logger": log}


def is_secret(setting: str) -> bool:
    """Whether a setting of librdkafka's must not stand in a file."""
    return _SECRET.search(setting) is not None


def secret_variable(setting: str) -> str:
    """The environment variable that holds a secret."""
    return SECRETS_PREFIX + setting.replace(".", "_").upper()


def _secrets(environment: Mapping[str, str]) -> dict[str, str]:
    settings = {
        variable.removeprefix(SECRETS_PREFIX).replace("_", ".").lower(): value
        for variable, value in environment.items()
        if variable.startswith(SECRETS_PREFIX)
    }
    return {name: value for name, value in settings.items() if is_secret(name)}


def new_client(
    make: Callable[[dict[str, Any]], C],
    settings: KafkaSettings,
    report: Callable[[KafkaError], None],
    *,
    defaults: Mapping[str, Any] = MappingProxyType({}),
    required: Mapping[str, Any] = MappingProxyType({}),
) -> C:
    """A client of librdkafka's that tells `report` its errors. Raises UserError where the settings can't be."""
    configuration = client_settings(settings, defaults=defaults, required=required)
    try:
        return make({**configuration, "error_cb": report})
    except KafkaException as error:
        raise UserError(f"Kafka settings: {error.args[0].str()}") from None
