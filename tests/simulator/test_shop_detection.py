"""What the benchmark of the shop's detection counts."""

from benchmarks.shop_detection import Judged, found_above, judge, threshold
from dataflows.features import load_feature_set
from dataflows.request import DEFAULTS
from dataflows.simulator.shop import ShopSettings
from models.fake import FakeScorer

MINUTE = 60_000


def test_a_case_is_found_at_its_first_event_above_the_threshold() -> None:
    judged = [
        Judged("ann", 0, "click_fraud", 0.2),
        Judged("bob", 0, "click_fraud", 0.1),
        Judged("ann", 3 * MINUTE, "click_fraud", 0.6),
        Judged("ann", 4 * MINUTE, "", 0.7),
        Judged("ann", 9 * MINUTE, "click_fraud", 0.9),
    ]
    by_kind = {one.scenario: one.row() for one in found_above(judged, 0.5)}
    assert by_kind["click_fraud"] == ("click fraud", "4", "50.0%", "2", "50.0%", "2.00", "3", "3")
    assert by_kind["brushing"] == ("brushing", "0", "0.0%", "0", "0.0%", "-", "-", "-")


def test_the_budget_is_of_honest_events_alone() -> None:
    honest = [Judged("ann", number, "", number / 1_000) for number in range(1_000)]
    limit = threshold([*honest, *[Judged("bob", 0, "brushing", 1.0)] * 500])
    assert sum(one.score > limit for one in honest) == 10


def test_a_shop_is_judged_from_its_sixteenth_day_on() -> None:
    shop = ShopSettings(users=60, days=17, seed=3)
    judged = list(judge(shop, load_feature_set(DEFAULTS / "shop-features.toml"), FakeScorer()))
    first = shop.start + 15 * 86_400_000
    assert judged
    assert all(first <= one.time < first + 2 * 86_400_000 for one in judged)
