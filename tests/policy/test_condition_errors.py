"""What the writer of a condition is told: the column, what is wrong, and what to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.policy.errors import ConditionError
from operators.policy.parser import MAX_OPERATORS, parse_condition
from operators.policy.tokens import MAX_LENGTH
from tests.policy.moments import SCOPE, Moment, holds

CASES = [
    ("", 1, "found the end where a name, a number or a text should be"),
    ("score >=", 9, "found the end"),
    ("score >= 0.5 &&", 16, "found the end"),
    ("score >= 0.5 late", 14, "found late where `&&`, `||` or the end should be"),
    ("(score >= 0.5", 14, "found the end where `)` should be"),
    ("score = 0.5", 7, "write `==` instead of `=`"),
    ("late & degraded", 6, "write `&&` instead of `&`"),
    ("late | degraded", 6, "write `||` instead of `|`"),
    ("late and degraded", 6, "write `&&` instead of `and`"),
    ("late or degraded", 6, "write `||` instead of `or`"),
    ("not late", 1, "write `!` instead of `not`"),
    ("score > 0.5 ; true", 13, "unexpected ';'"),
    ("event.country == 'DE", 18, "no closing '"),
    ("event.country == 'D\\E'", 18, "backslash"),
    ("scoer > 0.5", 1, "unknown name `scoer`; did you mean score?"),
    ("late && amount > 5", 9, "unknown name `amount`; did you mean event.amount?"),
    ("event.amonut > 5", 1, "did you mean event.amount?"),
    ("event.country in lists.blokced", 18, "unknown list `lists.blokced`; did you mean blocked?"),
    ("score > threshold.hodl", 9, "unknown threshold `threshold.hodl`; did you mean hold?"),
    ("score > threshold", 9, "unknown name `threshold`"),
    ("has(threshold.hold)", 5, "has() takes an event field or a feature"),
    ("lists.blocked == 'a'", 1, "a list stands behind `in`"),
    ("event.country in blocked", 18, "found blocked where a list"),
    ("event.amount in lists.blocked", 1, "lists hold texts, and event.amount is a number"),
    ("'DE' in ['DE']", 1, "before `in` stands the name"),
    ("score + 1 in [2]", 1, "before `in` stands the name"),
    ("event.country in []", 19, "found ]"),
    ("event.country in ['DE', 5]", 25, "needs a text, and here is a number"),
    ("event.country in ['DE' 'FR']", 24, "found 'FR' where `]` should be"),
    ("score", 1, "a condition needs true or false, and here is a number"),
    ("late && score", 9, "`&&` needs true or false, and here is a number"),
    ("event.country || late", 1, "`||` needs true or false, and here is a text"),
    ("!score < 0.5", 2, "`!` (as in `!(a < b)`) needs true or false"),
    ("-event.country == 'a'", 2, "`-` needs a number, and here is a text"),
    ("score + late > 1", 9, "`+` needs a number, and here is true or false"),
    ("event.country * 2 > 1", 1, "`*` needs a number, and here is a text"),
    ("event.country == 5", 15, "a text can't be compared with a number"),
    ("late == true", 6, "isn't compared: write `late` or `!late`"),
    ("event.country < 'DE'", 15, "texts have no order"),
    ("0.2 < score < 0.5", 13, "one comparison at a time"),
    ("event.country == ''", 15, "write `!has(event.country)`"),
    ("level == 'hihg'", 7, "level is never 'hihg'; did you mean high?"),
    ("event.event_type in ['payments']", 22, "did you mean payment?"),
    ("has(score)", 5, "has() takes an event field or a feature"),
    ("has(event.text.contains('a'))", 5, "has() takes an event field or a feature"),
    ("event.text.matches('a')", 12, "unknown test matches(); known: contains"),
    ("event.amount.contains('a')", 14, "event.amount isn't one"),
    ("event.text.contains(5)", 21, "found 5 where the text to look for"),
    ("event.text.contains('')", 21, "an empty text is in every text"),
    ("event. > 5", 8, "found > where a name behind the dot should be"),
    ("event.attributes.chanel == 'c2c'", 1, "unknown attribute `event.attributes.chanel`; did you mean channel?"),
    ("event.attributes.channel > 5", 26, "a text can't be compared with a number"),
    ("event.attributes.gift == 'yes'", 23, "what is true or false isn't compared"),
    ("segment.c2b", 1, "unknown name `segment.c2b`; did you mean c2c?"),
    ("score > segment.c2c", 7, "what is true or false isn't compared"),
    ("score > by_segment.cutof", 9, "unknown name `by_segment.cutof`; did you mean cutoff?"),
    ("has(segment.c2c)", 5, "has() takes an event field or a feature"),
    ("by_segment.cutoff in [1]", 1, "before `in` stands the name of"),
    ("score > 1e999", 9, "1e999 is too large"),
]


@pytest.mark.parametrize(("text", "column", "message"), CASES)
def test_is_refused_with_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(text, SCOPE)
    assert message in str(caught.value)
    assert caught.value.column + 1 == column


def test_the_place_is_shown() -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition("late &&\n  scoer > 0.5 &&\n  true", SCOPE)
    place = caught.value.located("late &&\n  scoer > 0.5 &&\n  true")
    assert place == "line 2, column 3: unknown name `scoer`; did you mean score?\n      scoer > 0.5 &&\n      ^"


@pytest.mark.parametrize("text", ["(" * 30_000, "!" * 1_999, "-" * 500 + "1 > 0", "1" + "+1" * 900 + " > 0"])
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(ConditionError, match=f"more than {MAX_OPERATORS} brackets|may have {MAX_LENGTH} characters"):
        parse_condition(text, SCOPE)


@pytest.mark.parametrize("deepest", ["({}true{})", "!({}true{})"])
def test_what_is_allowed_compiles(deepest: str) -> None:
    depth = MAX_OPERATORS - 2
    condition = parse_condition(deepest.format("(" * depth, ")" * depth), SCOPE)
    assert holds(condition.tree, Moment()) is not deepest.startswith("!")
    longest = " || ".join(["late"] * (MAX_LENGTH // 8))
    assert not holds(parse_condition(longest, SCOPE).tree, Moment())
    chain = "1" + " + 1" * MAX_OPERATORS + f" == {MAX_OPERATORS + 1}"
    assert holds(parse_condition(chain, SCOPE).tree, Moment())


WORDS = [
    "score",
    "event",
    ".",
    "amount",
    "country",
    "lists",
    "blocked",
    "in",
    "[",
    "]",
    "(",
    ")",
    "'DE'",
    "0.5",
    "!",
    "-",
]
WORDS += [
    "==",
    "<",
    "&&",
    "||",
    "+",
    "/",
    "true",
    "late",
    "has",
    "contains",
    ",",
    "feature",
    "user_count_1d",
    "$",
    "\n",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        condition = parse_condition(text, SCOPE)
    except ConditionError as error:
        assert 0 <= error.column <= len(text)
        assert error.located(text)
    else:
        if all(name.path == "feature.user_count_1d" for name in condition.features):
            holds(condition.tree, Moment())
