"""How librdkafka's clients are configured: our defaults, the user's settings, what we rely on, and the secrets."""

import logging
import os
import re
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException

from dataflows.errors import UserError

KafkaSettings = Mapping[str, str | int | float | bool]
"""librdkafka's own names, such as `security.protocol`; its CONFIGURATION.md explains them."""

SECRETS_PREFIX: Final = "SEALWAX_KAFKA_"

ANSWER_SECONDS: Final = 30.0
"""How long a question at the start (which partitions, which offsets) may stay unanswered before the start fails."""

_SECRET = re.compile(r"password|passphrase|secret|private\.key|key\.pem|oauthbearer\.config")

log = logging.getLogger(__name__)


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


def refused(error: KafkaException) -> UserError:
    """What to tell the user where librdkafka does not take the settings."""
    return UserError(f"Kafka settings: {error.args[0].str()}")


class TransportErrors:
    """The errors that a client reports of itself: counted, logged and survived. Pass it as `error_cb`."""

    def __init__(self, whose: str) -> None:
        self._whose = whose
        self.count = 0
        self.last = ""
        self.fatal = ""
        """The error after which the client does no more work, or empty."""

    def __call__(self, error: KafkaError) -> None:
        self.count += 1
        self.last = error.str()
        if error.fatal():
            self.fatal = error.str()
        log.warning("Kafka %s: %s", self._whose, error.str())

    def because(self) -> str:
        """The latest error, to end a sentence with."""
        return f": {self.last}" if self.last else ""
