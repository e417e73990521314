"""TraceQL: what is understood, and where and why the rest is refused."""

from __future__ import annotations

import pytest

from tracestore.traceql.builder import MAX_PARTS
from tracestore.traceql.errors import TraceQLError
from tracestore.traceql.parser import parse
from tracestore.traceql.tree import (
    Aggregate,
    Always,
    Combine,
    Compare,
    Condition,
    Constant,
    Field,
    Filter,
    Logic,
    Narrow,
    Not,
    Spanset,
)

A = Compare(Field("any", "a"), "=", Constant("bool", True))
B = Compare(Field("any", "b"), "=", Constant("bool", True))
C = Compare(Field("any", "c"), "=", Constant("bool", True))


def condition_of(text: str) -> Condition:
    spanset = parse(f"{{ {text} }}").spanset
    assert isinstance(spanset, Filter)
    return spanset.condition


def number(value: float) -> Constant:
    return Constant("number", value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", Always(True)),
        (".a", A),
        ("!.a", Not(A)),
        ("((.a))", A),
        (".a || .b && .c", Logic("&&", Logic("||", A, B), C)),
        (".a || (.b && .c)", Logic("||", A, Logic("&&", B, C))),
        (
            'span.http.method = "GET"',
            Compare(Field("span", "http.method"), "=", Constant("string", "GET")),
        ),
        (".a-b/c:d = 1", Compare(Field("any", "a-b/c:d"), "=", number(1))),
        (
            'resource."a b".c != nil',
            Compare(Field("resource", "a b.c"), "!=", Constant("nil", None)),
        ),
        ("1s < duration", Compare(Field("intrinsic", "duration"), ">", number(10**9))),
        ("duration > 1h30m", Compare(Field("intrinsic", "duration"), ">", number(5400 * 10**9))),
        ("span:duration >= 1.5ms", Compare(Field("intrinsic", "duration"), ">=", number(1500000))),
        (".n > 10 * 1024 ^ 2", Compare(Field("any", "n"), ">", number(10 * 1024**2))),
        (".n = -1.5", Compare(Field("any", "n"), "=", number(-1.5))),
        ("status = error", Compare(Field("intrinsic", "status"), "=", Constant("status", 2))),
        ("kind != client", Compare(Field("intrinsic", "kind"), "!=", Constant("kind", 3))),
        (
            "name =~ `a\\d+`",
            Compare(Field("intrinsic", "name"), "=~", Constant("string", "a\\d+")),
        ),
        (
            'name = "a\\"\\u00e9\\n"',
            Compare(Field("intrinsic", "name"), "=", Constant("string", 'a"é\n')),
        ),
        ("trace:rootName = ``", Compare(Field("intrinsic", "rootName"), "=",
                                        Constant("string", ""))),
    ],
)  # fmt: skip
def test_conditions(text: str, expected: Condition) -> None:
    """Operators, constants, fields and their precedence, which is Tempo's."""
    assert condition_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", Filter(Always(True))),
        ("{.a} && {.b} >> {.c}", Combine("&&", Filter(A), Combine(">>", Filter(B), Filter(C)))),
        ("{.a} > {.b} > {.c}", Combine(">", Combine(">", Filter(A), Filter(B)), Filter(C))),
        ("{.a} | {.b}", Narrow(Filter(A), B)),
        ("count() > 2", Aggregate(Filter(Always(True)), "count", None, ">", 2)),
        (
            "({.a} | count() = 1) || {.b}",
            Combine("||", Aggregate(Filter(A), "count", None, "=", 1), Filter(B)),
        ),
        (
            "{.a} | avg(duration) > 1s | max(span.n) <= 3",
            Aggregate(
                Aggregate(Filter(A), "avg", Field("intrinsic", "duration"), ">", 10**9),
                "max", Field("span", "n"), "<=", 3,
            ),
        ),
    ],
)  # fmt: skip
def test_spansets_and_pipelines(text: str, expected: Spanset) -> None:
    """Spanset operators and stages, applied from left to right."""
    assert parse(text).spanset == expected


def test_selected_fields_and_hints() -> None:
    """select() may come anywhere in the pipeline; hints that are not ours are passed over."""
    query = parse("{} | select(.a) | count() > 1 | select(span.b, name) with (most_recent=true)")
    assert query.select == (Field("any", "a"), Field("span", "b"), Field("intrinsic", "name"))
    assert not query.slowest
    assert parse("{} with (sample=0.1, slowest=true)").slowest


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("{} !>> {}", 4, "!>>"),
        ("{} &> {}", 4, "&>"),
        ("{} ~ {}", 4, "~"),
        ("{} << {}", 4, "<<"),
        ("{} | by(name)", 6, "by()"),
        ("{} | rate()", 6, "rate()"),
        ("{} | count() by (name) > 2", 14, "grouping"),
        ('{ event.name = "x" }', 3, "event."),
        ("{ parent.a = 1 }", 3, "parent."),
        ("{ childCount > 1 }", 3, "childCount"),
        ("{ event:name = `x` }", 3, "event:name"),
        ("{ .a = .b }", 6, "two fields"),
        ("{ .a + 1 = 2 }", 6, "arithmetic"),
        ("{ 1 = 2 }", 5, "constant"),
        ("{} | avg(.a + 1) > 2", 13, "arithmetic"),
    ],
)
def test_what_only_tempo_knows_is_named_with_its_column(text: str, column: int, part: str) -> None:
    """People learn which part of a query to change."""
    with pytest.raises(TraceQLError, match="not supported") as error:
        parse(text)
    assert error.value.column == column
    assert part in error.value.message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1), ("{", 1, 2), ("{ .a = }", 1, 8), ("{ .a == 1 }", 1, 7), ("{}\n| x", 2, 4),
        ("{ attribute = 4 }", 1, 3), ("true", 1, 5), ("{ name = 1 }", 1, 10),
        ("{ status = 2 }", 1, 12), ("{ status > ok }", 1, 12), ("{ .a =~ 2 }", 1, 9),
        ('{ name =~ "[" }', 1, 11), ('{ name = "\\q" }', 1, 10), ("{} | count()", 1, 6),
        ("{} | nope() > 1", 1, 6), ("{} | max(name) > 1", 1, 10), ("{} | avg() > 1", 1, 6),
        ("{} + {}", 1, 4), ("{ .a = 99999999999999999999999999999999999999999999999999999999999"
                          "9999999999999999999 }", 1, 8),
        ("{ .a } }", 1, 8), ('{ .a = "x }', 1, 8), ("{ 5 }", 1, 3), ("{ name }", 1, 3),
        ("{ .a = 1 / 0 }", 1, 10), ("{ .a = 9 ^ 9 ^ 9 ^ 9 }", 1, 14),
    ],
)  # fmt: skip
def test_errors_say_where(text: str, line: int, column: int) -> None:
    """Line and column count from 1."""
    with pytest.raises(TraceQLError) as error:
        parse(text)
    assert (error.value.line, error.value.column) == (line, column)


@pytest.mark.parametrize(
    "text",
    [
        "{" + " && ".join([".a"] * (MAX_PARTS + 2)) + "}", "{" + "!" * 2000 + ".a}",
        "(" * 3000 + "{}" + ")" * 3000, "{ .a = `" + "x" * 20_000 + "` }",
    ],
)  # fmt: skip
def test_endless_queries_are_refused(text: str) -> None:
    """Neither the parser nor SQLite is driven to its limits."""
    with pytest.raises(TraceQLError):
        parse(text)
