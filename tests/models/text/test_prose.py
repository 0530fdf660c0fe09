"""What is told of a window, and in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Event
from contracts.scoring import ScoringInput
from models.event_fields import ENTITIES
from models.text.languages import LANGUAGES, Language
from models.text.prose import Prose, levels, rounded
from models.text.settings import Levels, TextSettings
from tests.models.text.windows import FRIDAY_9H, inputs, scoring_input, settings

MINUTE = 60_000

LOGIN = Event(
    "e1", "login", FRIDAY_9H - 26 * 60 * MINUTE, "u", device_id="d1", ip="i", country="FR", outcome="approved"
)
FIRST = Event(
    "e2", "payment", FRIDAY_9H - 3 * MINUTE, "u", amount=124_000, merchant_id="m", device_id="d1", card_id="c",
    country="FR", category="home_goods", outcome="declined",
)  # fmt: skip
SCORED = Event(
    "e3", "payment", FRIDAY_9H, "u", amount=84_270_000, merchant_id="m", device_id="d2", card_id="c",
    country="DE", category="sports", outcome="approved",
)  # fmt: skip
WINDOW = scoring_input(LOGIN, FIRST, SCORED, features=(2.5, float("nan")))


def told(one: ScoringInput, how: TextSettings) -> str:
    return "".join(Prose(how).pieces(one))


def test_a_window_in_english() -> None:
    assert told(WINDOW, settings("en")) == (
        "payment of 8400, sports, approved, in DE, Friday 9 h, country changed, new device; amount ratio very high"
        "; 3 min earlier payment of 12, home goods, declined, other device; 1 d earlier login, approved, other device"
    )


def test_the_event_s_own_text_is_quoted_where_it_is_to_be_told() -> None:
    given = WINDOW._replace(text='Great."; login, approved')
    english, chinese = (told(given, settings(language, own_text=0.3)) for language in ("en", "zh"))
    assert 'Friday 9 h, country changed, new device: "Great.\'; login, approved"; amount ratio very high; 3' in english
    assert "，新设备，“Great.'; login, approved”；amount ratio，很高；3分钟前" in chinese
    assert told(given, settings("en")) == told(WINDOW, settings("en", own_text=0.3))


def test_a_window_in_chinese() -> None:
    words = {"amount_ratio": "金额比", "sports": "运动", "approved": "通过", "DE": "德国"}
    assert told(WINDOW, settings("zh", words=words)) == (
        "支付金额8400，运动，通过，国家德国，周五9时，国家变更，新设备；金额比，很高"
        "；3分钟前，支付金额12，home goods，declined，其他设备；1天前，登录，通过，其他设备"
    )


def test_without_settings_of_its_own_names_and_features_are_passed_over() -> None:
    assert told(WINDOW, TextSettings()) == (
        "payment of 8400, Friday 9 h, country changed, new device; 3 min earlier payment of 12, other device"
        "; 1 d earlier login, other device"
    )


def test_nothing_is_new_to_a_user_without_a_past() -> None:
    assert told(scoring_input(SCORED), TextSettings()) == "payment of 8400, Friday 9 h"


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (-5, 0),
        (-1, 1),
        (-0.5, 1),
        (0, None),
        (1, None),
        (1.5, 3),
        (2, 3),
        (2.5, 4),
        (3, 4),
        (4, 5),
        (float("nan"), None),
    ],
)
def test_levels_lie_beyond_the_percentiles(value: float, level: int | None) -> None:
    known = Levels(names=("f",), edges=((-1, 0, 1, 2, 3),))
    assert list(levels(known, (value,))) == ([] if level is None else [(0, level)])
    assert list(levels(Levels(names=("f",), edges=((),)), (value,))) == []


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "0"),
        (0.0001, "0.0001"),
        (0.4567, "0.46"),
        (9.99, "10"),
        (84.27, "84"),
        (1_250, "1200"),
        (1e10, "10000000000"),
    ],
)
def test_two_digits_of_an_amount_count(amount: float, said: str) -> None:
    assert rounded(amount) == said


@given(inputs, st.sampled_from(("en", "zh")))
def test_every_piece_begins_where_tokenisers_split(one: ScoringInput, language: str) -> None:
    first, *others = Prose(settings(language)).pieces(one)
    assert first in LANGUAGES[language].event_types
    assert all(piece[0] in " ,;，；金" for piece in others)


@pytest.mark.parametrize("language", LANGUAGES.values())
def test_a_language_has_a_word_for_everything(language: Language) -> None:
    assert [len(words) for words in (language.event_types, language.weekdays, language.levels, language.units)] == [
        6, 7, 6, 4,
    ]  # fmt: skip
    assert len(language.entities) == len(ENTITIES)
