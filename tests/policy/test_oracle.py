"""The compiled condition, its text and a naive reading of its tree always agree."""

from hypothesis import assume, given

from operators.policy.errors import ConditionError
from operators.policy.parser import Condition, parse_condition
from operators.policy.tree import Node, Not
from operators.policy.wording import text_of
from tests.policy.moments import SCOPE, Moment, holds
from tests.policy.oracle import value_of
from tests.policy.trees import conditions, moments


@given(conditions, moments)
def test_compiled_equals_naive(tree: Node, moment: Moment) -> None:
    assert holds(tree, moment) is (value_of(tree, moment) is True)


@given(conditions, moments)
def test_a_condition_and_its_negation_never_both_hold(tree: Node, moment: Moment) -> None:
    assert not (holds(tree, moment) and holds(Not(tree), moment))


def read(text: str) -> Condition:
    try:
        return parse_condition(text, SCOPE)
    except ConditionError as error:
        assert "more than 50" in str(error)
        assume(False)
        raise


@given(conditions)
def test_a_written_tree_reads_as_the_same_tree(tree: Node) -> None:
    condition = read(text_of(tree))
    assert condition.tree == tree
    assert read(condition.canonical).tree == tree
