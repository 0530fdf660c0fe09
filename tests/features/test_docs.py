"""The page on features says what is so."""

import re
from pathlib import Path
from typing import get_args

from operators.features import parse_feature_set
from operators.features.definition import Aggregate

PAGE = (Path(__file__).parents[2] / "docs/features.md").read_text()


def test_the_pages_example_is_a_feature_set() -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    assert parse_feature_set(found[1], "features.md").names == (
        "amount",
        "user_declined_count_1h",
        "user_declined_count_1d",
        "device_user_count_1d",
        "merchant_fraud_rate_7d",
    )


def test_every_aggregate_is_in_the_table() -> None:
    assert all(f"`{aggregate}`" in PAGE for aggregate in get_args(Aggregate))
