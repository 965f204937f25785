"""Extended regular expressions."""

import pytest

from schemas.ere import DEEPEST, Expression, ExpressionError

ROWS = [
    ("", "", "x"),
    ("abc", "abc", "ab"),
    ("a.c", "a!c", "ac"),
    ("a*", "", "b"),
    ("a*", "aaa", "aab"),
    ("a+", "aa", ""),
    ("ab?c", "ac", "abbc"),
    ("ab?c", "abc", "a"),
    ("a|bc|", "bc", "abc"),
    ("a|bc|", "", "b"),
    ("(ab)+", "abab", "aba"),
    ("(a|b)*c", "abbac", "abba"),
    ("a{2}", "aa", "aaa"),
    ("a{2,}", "aaaa", "a"),
    ("a{1,3}", "aaa", "aaaa"),
    ("(a{0,2}b){2}", "baab", "aaabb"),
    ("[a-c]", "b", "d"),
    ("[^a-c]", "d", "b"),
    ("[]x]", "]", "y"),
    ("[^]x]", "y", "]"),
    ("[a-]", "-", "b"),
    ("[-a]", "-", "b"),
    ("[[:digit:]x]+", "12x", "1a"),
    ("[a.]", ".", "b"),
    (r"\.\*", ".*", "a*"),
    ("}", "}", "{"),
    ("(a*)*b", "aab", "aa"),
]


@pytest.mark.parametrize(("expression", "yes", "no"), ROWS)
def test_an_expression_stands_for_whole_texts(expression: str, yes: str, no: str) -> None:
    compiled = Expression.parse(expression)
    assert compiled.matches(yes)
    assert not compiled.matches(no)


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("(", "not closed"),
        (")", "not opened"),
        ("a)", "not opened"),
        ("*a", "where a character is expected"),
        ("^a", "where a character is expected"),
        ("a**", "repetition follows"),
        ("a{1}{2}", "repetition follows"),
        ("a{", "in braces"),
        ("a{x}", "in braces"),
        ("a{1,x}", "in braces"),
        ("a{2,1}", "lower bound"),
        ("a{256}", "up to"),
        ("a{,2}", "in braces"),
        ("[a", "not closed"),
        ("[", "not closed"),
        ("[[:word:]]", "no such class"),
        ("[[:digit]", "no such class"),
        ("[[.a.]]", "collating"),
        ("[c-a]", "backwards"),
        ("a\\", "backslash"),
        (r"\d", "backslash"),
        ("((a{255}){255})", "too large"),
        ((DEEPEST + 1) * "(" + (DEEPEST + 1) * ")", "nested"),
    ],
)
def test_anything_else_is_refused_with_the_rule(expression: str, rule: str) -> None:
    with pytest.raises(ExpressionError, match=rule):
        Expression.parse(expression)


def test_an_expression_that_others_are_slow_with_takes_no_time_of_note() -> None:
    """A matcher that tries and goes back would need about 2**200 steps."""
    assert not Expression.parse("(a|a|aa)*(a*)*b").matches(200 * "a")
