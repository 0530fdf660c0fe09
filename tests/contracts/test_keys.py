"""Hashes that outlive a release: state directories and output ids depend on every bit of them."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.keys import KEY_GROUPS, fingerprint, key_group, record_id
from tests.contracts.records import UNICODE

TEXTS = st.text(UNICODE, max_size=40)


def test_values_never_change() -> None:
    """A change here orphans every state directory and repeats every output of a replay."""
    assert fingerprint("user-1") == 4_484_189_813_483_533_028
    assert key_group("user-1") == 9
    assert record_id("update", "transactions", "3", "42") == "8aa274c39f419a490102b1c2264fdd7a"


def test_key_groups_are_filled_evenly() -> None:
    sizes = [0] * KEY_GROUPS
    for number in range(64_000):
        sizes[key_group(f"user-{number}")] += 1
    assert min(sizes) > 850 and max(sizes) < 1_150


@given(TEXTS)
def test_a_fingerprint_fits_a_signed_column_and_is_never_zero(identifier: str) -> None:
    assert 0 < fingerprint(identifier) < 2**63


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=4))
def test_ids_tell_their_parts_apart(first: list[str], second: list[str]) -> None:
    assert (record_id(*first) == record_id(*second)) is (first == second)


def test_parts_may_hold_the_separator() -> None:
    assert record_id("a", "1:b") != record_id("a1:", "b") != record_id("a", "1", "b")
