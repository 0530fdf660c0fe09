"""The page on features says what is so."""

import re
import shlex
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path
from typing import get_args

import pytest

from operators.features import parse_feature_set
from operators.features.definition import Aggregate
from tests.cli.running import runner

PAGE = (Path(__file__).parents[2] / "docs/features.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_pages_example_is_a_feature_set() -> None:
    assert parse_feature_set(blocks("toml")[0], "features.md").names == (
        "amount",
        "user_declined_count_1h",
        "user_declined_count_1d",
        "device_user_count_1d",
        "merchant_fraud_rate_7d",
    )


def test_the_pages_expression_goes_with_its_example() -> None:
    text = "\n".join(blocks("toml")[:2])
    assert parse_feature_set(text, "features.md").names[-1] == "amount_z"


def test_every_aggregate_is_in_the_table() -> None:
    assert all(f"`{aggregate}`" in PAGE for aggregate in get_args(Aggregate))


def test_the_pages_commands_print_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sealwax = runner(capsys, monkeypatch)
    written = zip(
        ("corner-shop.toml", "events.jsonl", "labels.jsonl"), blocks("toml")[:1] + blocks("json"), strict=True
    )
    for name, text in written:
        Path(name).write_text(text)
    for block in blocks("console"):
        command, _, wanted = block.removeprefix("$ sealwax ").partition("\n")
        ended = sealwax(*shlex.split(command))
        assert ended.status == 0, ended.err
        said = (ended.err + ended.out).strip() + "\n"
        assert OutputChecker().check_output(wanted, said, ELLIPSIS | NORMALIZE_WHITESPACE), said
