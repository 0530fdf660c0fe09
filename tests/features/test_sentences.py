"""Codes and sentences that follow from what a feature set declares."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.features import load_feature_set
from dataflows.request import DEFAULTS
from operators.features import parse_feature_set
from operators.features.definition import Aggregate
from operators.features.sentences import sentence
from operators.features.subjects import Subject, subjects

SHOP = load_feature_set(DEFAULTS / "shop-features.toml")


def declared(*tables: str) -> list[Subject]:
    text = "\n".join(f"[[features]]\n{table}" for table in tables)
    return subjects(parse_feature_set(f'name = "own"\n{text}', "own.toml").declared)


def said(table: str, value: float, usual: float) -> str:
    feature = parse_feature_set(f'name = "own"\n[[features]]\nname = "f"\n{table}', "own.toml").declared[0]
    return sentence(feature, value, usual)


def test_every_feature_of_the_shop_has_one_subject() -> None:
    found = subjects(SHOP.declared)
    assert sorted(place for one in found for place in (*one.places, *one.derived)) == list(range(len(SHOP.names)))
    assert len({one.code for one in found}) == len(found)
    codes = {one.code: [SHOP.names[place] for place in (*one.places, *one.derived)] for one in found}
    assert codes["amount"] == ["amount", "amount_ratio", "amount_z"]
    assert codes["user-login-failure"] == ["user_login_failed_gap", "user_login_failed_count_1d"]
    assert codes["merchant-fraud-rate"] == ["merchant_fraud_rate_7d"]
    assert codes["device-distinct-user"] == ["device_user_count_1d", "device_user_count_7d"]


def test_codes_follow_from_definitions_and_not_from_names() -> None:
    first = declared('name = "a"\nentity = "user+merchant"\naggregate = "count"\nwindows = ["1d"]')
    other = declared('name = "b"\nentity = "user+merchant"\naggregate = "gap"')
    assert [one.code for one in first] == [one.code for one in other] == ["user-merchant-activity"]
    where = 'where = { event_type = ["ad_click", "login"], outcome = ["Not OK!"] }'
    odd = declared(f'name = "c"\nentity = "ip"\naggregate = "distinct"\nfield = "user_id"\nwindows = ["1d"]\n{where}')
    assert [one.code for one in odd] == ["ip-ad-click-login-not-ok-distinct-user"]


def test_an_expression_belongs_to_the_first_feature_that_it_names() -> None:
    value = 'entity = "event"\naggregate = "value"\nfield'
    e3, amount = declared(
        f'name = "e3"\n{value} = "hour"\n[[features]]\nname = "amount"\n{value} = "amount"\n'
        '[[features]]\nname = "thousands"\nexpression = "(1e3 * amount) / e3"'
    )
    assert (e3.derived, amount.derived) == ((), (2,))


def test_an_expression_over_nothing_stands_for_itself() -> None:
    assert declared('name = "pi_ish"\nexpression = "22 / 7"') == [Subject("pi-ish", (), (0,))]


@pytest.mark.parametrize(
    ("table", "value", "usual", "text"),
    [
        ('entity = "event"\naggregate = "value"\nfield = "amount"', 1_310.0, nan,
         "The amount is 1,310.00; usual is unknown."),
        ('entity = "event"\naggregate = "value"\nfield = "night"', 1.0, 0.0, "The flag of the night is 1; usual is 0."),
        ('entity = "user"\naggregate = "age"', 86_400.0, 1_296_000.0,
         "The time since the user's first event is 24 hours; usual is 15 days."),
        ('entity = "user"\naggregate = "gap"\nwhere = { event_type = ["login"], outcome = ["failure"] }', 33.4, nan,
         "The time since the latest of the user's logins (failure) is 33 seconds; usual is none in 30 days."),
        ('entity = "merchant"\naggregate = "rate"\nlabel = "fraud"\nwindows = ["7d"]\ndelay = "3d"', 0.1234, 0.0047,
         "The share of the merchant's events in the 7 days up to 3 days ago that turned out to be fraud is 12.3%; "
         "usual is 0.47%."),
        ('entity = "user"\naggregate = "share"\nwindows = ["1h"]\nwhere = { event_type = ["refund"] }', 1.0, 0.0,
         "The share of refunds among the user's events in the last hour is 100%; usual is 0%."),
        ('entity = "device"\naggregate = "distinct"\nfield = "user_id"\nwindows = ["1d"]', 5.0, 1.0,
         "The count of different users among the device's events in the last day is 5; usual is 1."),
        ('entity = "user"\naggregate = "same"\nfield = "ip"\nwindows = ["10m"]', 1.0, 3.0,
         "The count of the user's events with this address in the last 10 minutes is 1; usual is 3."),
        ('entity = "card"\naggregate = "max"\nfield = "amount"\nwindows = ["7d"]', 0.5, 20.0,
         "The greatest of the amounts of the card's events in the last 7 days is 0.50; usual is 20.00."),
        ('entity = "user"\naggregate = "changed"\nfield = "country"', 1.0, 0.0,
         "The country, beside the latest of the user's events, is another; usual is the same."),
        ('entity = "merchant"\naggregate = "count"\nwindows = ["90m"]', 12_345.0, 0.0,
         "The count of the merchant's events in the last 90 minutes is 12,345; usual is 0."),
        ('expression = "log(2)"', 0.693_147, nan, "The value of f (log(2)) is 0.693; usual is unknown."),
    ],
)  # fmt: skip
def test_sentences(table: str, value: float, usual: float, text: str) -> None:
    assert said(table, value, usual) == text


@given(st.sampled_from(SHOP.declared), *[st.one_of(st.just(nan), st.floats(0, 1e9))] * 2)
def test_whatever_the_values_there_is_a_sentence(feature: object, value: float, usual: float) -> None:
    text = sentence(feature, value, usual)  # type: ignore[arg-type]
    assert text.startswith("The ")
    assert text.endswith(".")
    assert "nan" not in text.split()
    assert "e+" not in text


def test_every_aggregate_has_its_words() -> None:
    from typing import get_args

    from operators.features.sentences import _SENTENCES

    assert set(get_args(Aggregate)) == set(_SENTENCES)
