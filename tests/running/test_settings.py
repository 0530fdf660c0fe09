import json
from pathlib import Path

import pytest

from dataflows.errors import UserError
from dataflows.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str) -> None:
    Path("sealwax.toml").write_text(text)


def test_nothing_need_be_set() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert (settings.source.batch_size, settings.source.idle, settings.sink.quiet) == (1_000, 1_000, 1_000)


def test_flags_win_over_the_environment_and_that_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write('processes = 2\n[kafka]\nbootstrap = "file:1"\n[topics]\nlabels = "l"\n[state]\nepoch = "1s"')
    monkeypatch.setenv("SEALWAX_KAFKA__BOOTSTRAP", "environment:1")
    monkeypatch.setenv("SEALWAX_PROCESSES", "3")
    settings = load_settings(None, {"processes": 4, "kafka.bootstrap": None, "scoring.checkpoint": "fake"})
    assert (settings.processes, settings.kafka.bootstrap) == (4, "environment:1")
    assert (settings.topics.labels, settings.topics.transactions) == ("l", "transactions")
    assert (settings.state.epoch, settings.scoring.checkpoint) == (1_000, "fake")


def test_the_clients_own_settings_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[kafka.librdkafka]\n"security.protocol" = "SASL_SSL"\n"sasl.username" = "risk"\n"socket.timeout.ms" = 5000')
    monkeypatch.setenv("SEALWAX_KAFKA__LIBRDKAFKA", '{"sasl.username": "other"}')
    assert load_settings().kafka.client() == {
        "bootstrap.servers": "localhost:9092",
        "security.protocol": "SASL_SSL",
        "sasl.username": "other",
        "socket.timeout.ms": 5000,
    }


def test_secrets_are_neither_shown_nor_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALWAX_KAFKA_SASL_PASSWORD", "hunter2")
    settings = load_settings(None, {"source.start": "2026-01-31T12:00:00Z", "state.epoch": "2s"})
    wire = json.dumps(settings.to_wire())
    assert "hunter" not in wire + repr(settings) + str(settings)
    assert Settings.from_wire(json.loads(wire)) == settings


def test_what_was_sent_wins_over_the_receivers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = load_settings(None, {"kafka.bootstrap": "flag:1"}).to_wire()
    monkeypatch.setenv("SEALWAX_KAFKA__BOOTSTRAP", "environment:1")
    assert Settings.from_wire(wire).kafka.bootstrap == "flag:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[kafka]\nbootstrp = "x:1"', "sealwax.toml: kafka.bootstrp: no such setting; did you mean bootstrap?"),
        ("[kafak]", "sealwax.toml: kafak: no such setting; did you mean kafka?"),
        ("kafka = 3", "sealwax.toml: kafka: Input should be a valid dictionary"),
        ("processes = 0", "sealwax.toml: processes: Input should be greater than or equal to 1"),
        (
            "[state]\nepoch = 3",
            "sealwax.toml: state.epoch: 3 is no duration: write a whole number and ms, s, m, h or d",
        ),
        (
            '[source]\nstart = "now"',
            'sealwax.toml: source.start: must be "earliest", "latest" or a time, which must be',
        ),
        ('[kafka]\nsasl_password = "x"', "sealwax.toml: kafka.sasl_password: no such setting"),
        ('[kafka.librdkafka]\n"sasl.password" = "x"', "sealwax.toml: kafka.librdkafka: sasl.password is a secret"),
        ("processes 1", "sealwax.toml: not valid TOML: Expected '='"),
    ],
)
def test_the_files_mistakes_are_named(text: str, said: str) -> None:
    write(text)
    with pytest.raises(UserError) as raised:
        load_settings()
    assert str(raised.value).startswith(said)


def test_every_mistake_is_named_with_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[sink]\nquite = 1")
    monkeypatch.setenv("SEALWAX_SOURCE__BATCH_SIZE", "many")
    with pytest.raises(UserError) as raised:
        load_settings(None, {"processes": 1_000})
    assert sorted(line.split(":")[:2] for line in str(raised.value).splitlines()) == [
        ["environment", " source.batch_size"],
        ["flag", " processes"],
        ["sealwax.toml", " sink.quite"],
    ]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SEALWAX_KAFKA__BOOTSTRP", "x:1", "environment: kafka.bootstrp: no such setting; did you mean bootstrap?"),
        ("SEALWAX_PROCESES", "1", "environment: SEALWAX_PROCESES: no such setting; did you mean processes?"),
        ("SEALWAX_KAFKA__LIBRDKAFKA", "{", "environment: error parsing value for field"),
    ],
)
def test_the_environments_mistakes_are_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError) as raised:
        load_settings()
    assert str(raised.value).startswith(said)


def test_a_file_that_was_named_must_be_there() -> None:
    with pytest.raises(UserError, match=r"other\.toml: can't read the settings: No such file"):
        load_settings(Path("other.toml"))
