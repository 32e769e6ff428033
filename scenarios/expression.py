"""The closed language in which scenarios and tags say whom they mean: a condition in SQL's words, and no more of SQL.

    condition:  comparison | flag | word is [not] known | not condition | condition and condition
                | condition or condition | (condition)
    comparison: word = <> < <= > >= value | word [not] between value and value | word [not] in (value, ...)
    value:      word | 75 | '独居' | '2020-03-28'

sqlglot parses; its tree is then walked node by node, and whatever isn't listed here is refused with a sentence that
names the place and the words there are. A condition has three values: of whom an attribute isn't known, it is not known
(R-SCEN-3). Both sides have one type; a text that is none of a word's values is refused: nobody would ever meet it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlglot import TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import Token

Type = Literal["number", "text", "date", "flag"]

_SQL = Dialect.get_or_raise("postgres")
_TYPES_ZH: Mapping[Type, str] = {"number": "数", "text": "文字", "date": "日期", "flag": "是或否"}
_COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_CONNECTIVES: Mapping[type[exp.Expr], str] = {exp.And: "and", exp.Or: "or"}
_SIGNS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">=", "(", ")", ",", "-"})
_KEYWORDS = frozenset({"and", "or", "not", "in", "between", "is", "known"})
_PREFIXES = frozenset({"not", "-"})
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?")
_LONGEST = 2000
_MOST_TOKENS = 400
_DEEPEST = 20


class ExpressionError(ValueError):
    """A condition that the language doesn't have; the sentence names the place and the words there are."""


@dataclass(frozen=True)
class Word:
    """A word of the vocabulary: its type, how people and SQL say it, and the feeds of which any tells it."""

    type: Type
    title_zh: str
    sql: str
    values: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A condition as SQL, null where it can't be told, and the words that it asks."""

    sql: str
    words: frozenset[str]


@dataclass(frozen=True)
class _Term:
    """A part of a condition: its type as the language has it, its SQL, and the word that it is, if it is one."""

    type: Type
    sql: str
    word: str | None = None


def condition(text: str, words: Mapping[str, Word]) -> Condition:
    """Return a condition over these words. Raises ExpressionError."""
    reader = _Reader(text, words)
    term = reader.read(reader.parsed())
    if term.type != "flag":
        raise reader.refused(f"这里要一个条件，写的却是{_TYPES_ZH[term.type]}")
    return Condition(term.sql, frozenset(reader.asked))


def word(text: str, words: Mapping[str, Word], kind: Type) -> Condition:
    """Return a single word of this type, such as the day since which a tag holds. Raises ExpressionError."""
    reader = _Reader(text, words)
    term = reader.read(reader.parsed())
    if term.word is None or term.type != kind:
        raise reader.refused(f"这里只能写一个{_TYPES_ZH[kind]}词")
    return Condition(term.sql, frozenset(reader.asked))


class _Reader:
    """Reads one text; `asked` are the words found so far."""

    def __init__(self, text: str, words: Mapping[str, Word]) -> None:
        self._text, self._words = text, words
        self.asked: set[str] = set()

    def refused(self, why: str, place: int | None = None) -> ExpressionError:
        where = "" if place is None else f"第{place + 1}个字符起，"
        return ExpressionError(f"条件“{self._text[:200]}”不能用：{where}{why}。")

    def parsed(self) -> exp.Expr:
        if not self._text.strip():
            raise ExpressionError(f"条件是空的。{self._there_are()}。")
        if len(self._text) > _LONGEST:
            raise self.refused(f"超过{_LONGEST}个字符")
        try:
            tokens = _SQL.tokenize(self._text)
            self._check(tokens)
            trees = _SQL.parser().parse(tokens, self._text)
        except SqlglotError as error:
            found: list[dict[str, Any]] = getattr(error, "errors", [])
            column = found[0].get("col") if found else None
            near = f"（在第{column}个字符附近）" if column else ""
            raise self.refused(f"不成句{near}，请检查括号、引号和连接词") from None
        if len(trees) != 1 or trees[0] is None:
            raise self.refused("只能写一个条件")
        return trees[0]

    def _check(self, tokens: list[Token]) -> None:
        """Refuse every sign and word that the language doesn't have, before anything is parsed."""
        if len(tokens) > _MOST_TOKENS:
            raise self.refused(f"超过{_MOST_TOKENS}个词和符号")
        depth, before = 0, ""
        for token in tokens:
            self._check_token(token)
            said = token.text.lower()
            # What parsing calls itself for: it must not run out of room.
            depth += {"(": 1, ")": -1}.get(said, 0)
            if depth > _DEEPEST:
                raise self.refused(f"括号套得超过{_DEEPEST}层", token.start)
            if said == before and said in _PREFIXES:
                raise self.refused(f"{said} 不能连写两次", token.start)
            before = said

    def _check_token(self, token: Token) -> None:
        if token.comments:
            raise self.refused("不能有注释", token.start)
        if token.token_type is TokenType.STRING:
            self._check_text(token)
        elif token.token_type is TokenType.NUMBER:
            if not _NUMBER.fullmatch(token.text):
                raise self.refused(f"数要写成 75 或 37.5，最多12位，不能写成 {token.text[:30]}", token.start)
        elif token.text.lower() not in _KEYWORDS | self._words.keys() and token.text not in _SIGNS:
            raise self.refused(f"“{token.text[:30]}”不是这种语言的词。{self._there_are()}", token.start)
        elif token.token_type is TokenType.IDENTIFIER:
            raise self.refused("词不加双引号，文字用单引号", token.start)

    def _check_text(self, token: Token) -> None:
        if not token.text.isprintable():
            raise self.refused("文字里有看不见的字符", token.start)
        if self._text[token.start] != "'":
            raise self.refused("文字要用单引号", token.start)

    def read(self, node: exp.Expr, depth: int = 0) -> _Term:  # noqa: PLR0911 - one for each node there is
        if depth > 4 * _DEEPEST:
            raise self.refused("套得太深")
        kind = type(node)
        if kind is exp.Paren:
            inner = self.read(node.this, depth + 1)
            return _Term(inner.type, f"({inner.sql})")
        if kind in _CONNECTIVES:
            sides = [self._flag(side, depth) for side in (node.this, node.expression)]
            return _Term("flag", f"({f' {_CONNECTIVES[kind]} '.join(sides)})")
        if kind is exp.Not:
            return _Term("flag", f"(not {self._flag(node.this, depth)})")
        if kind in _COMPARISONS:
            return self._comparison(node, _COMPARISONS[kind])
        if kind is exp.Is:
            return self._known(node)
        if kind is exp.In and self._is_plain(node, "this", "expressions"):
            listed = node.expressions
            terms = self._alike(node.this, *listed)
            return _Term("flag", f"({terms[0].sql} in ({', '.join(term.sql for term in terms[1:])}))")
        if kind is exp.Between and self._is_plain(node, "this", "low", "high"):
            what, low, high = self._alike(node.this, node.args["low"], node.args["high"], is_ordered=True)
            return _Term("flag", f"({what.sql} between {low.sql} and {high.sql})")
        return self._value(node)

    @staticmethod
    def _is_plain(node: exp.Expr, *parts: str) -> bool:
        """Return whether a node has these parts and nothing else that its kind may have."""
        return {name for name, part in node.args.items() if part} == set(parts)

    def _flag(self, node: exp.Expr, depth: int) -> str:
        term = self.read(node, depth + 1)
        if term.type != "flag":
            raise self.refused(f"and、or、not 连接的是条件，{node.sql()[:60]} 却是{_TYPES_ZH[term.type]}")
        return term.sql

    def _comparison(self, node: exp.Expr, sign: str) -> _Term:
        left, right = self._alike(node.this, node.expression, is_ordered=sign not in ("=", "<>"))
        return _Term("flag", f"({left.sql} {sign} {right.sql})")

    def _known(self, node: exp.Expr) -> _Term:
        asked = self._value(node.this)
        said = node.args["expression"]
        if asked.word is None or not (isinstance(said, exp.Column) and said.sql().lower() == "known"):
            raise self.refused("is 只有一种写法：词 is known，或词 is not known")
        return _Term("flag", f"(({asked.sql}) is not null)")

    def _alike(self, *nodes: exp.Expr, is_ordered: bool = False) -> list[_Term]:
        """Return the sides of a comparison, which are of one type; the first word among them says which, and which
        texts.
        """
        terms = [self._value(node) for node in nodes]
        named = next((term.word for term in terms if term.word is not None), None)
        if named is None:
            raise self.refused("比较的两边至少有一边是词")
        known = self._words[named]
        if known.type == "flag":
            raise self.refused(f"{named}（{known.title_zh}）本身就是条件：直接写 {named} 或 not {named}")
        if is_ordered and known.type == "text":
            raise self.refused(f"{named}（{known.title_zh}）是文字，不分大小：只能用 =、<>、in")
        return [self._of_type(term, named, known) for term in terms]

    def _of_type(self, term: _Term, named: str, known: Word) -> _Term:
        said = term.sql.strip("'")
        if known.type == "date" and term.type == "text" and term.word is None:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", said) or not _is_date(said):
                raise self.refused(f"{named}（{known.title_zh}）是日期，要写成 '2020-03-28'")
            return _Term("date", f"cast({term.sql} as date)")
        if term.type != known.type:
            raise self.refused(
                f"{named}（{known.title_zh}）是{_TYPES_ZH[known.type]}，不能和{_TYPES_ZH[term.type]}比较"
            )
        if known.values and term.word is None and said not in known.values:
            raise self.refused(f"{named}（{known.title_zh}）没有这个值，只有：{'、'.join(known.values)}")
        return term

    def _value(self, node: exp.Expr) -> _Term:
        if isinstance(node, exp.Literal):
            return _Term("text" if node.is_string else "number", node.sql(dialect=_SQL))
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return _Term("number", f"(-{node.this.sql(dialect=_SQL)})")
        if isinstance(node, exp.Column) and self._is_plain(node, "this"):
            name = node.name.lower()
            if name in self._words:
                self.asked.add(name)
                return _Term(self._words[name].type, self._words[name].sql, name)
        raise self.refused(f"“{node.sql()[:60]}”不是词、数或文字。{self._there_are()}")

    def _there_are(self) -> str:
        words = "、".join(f"{name}（{word.title_zh}）" for name, word in self._words.items())
        return f"可用的词：{words}；可用的连接：{'、'.join(sorted(_KEYWORDS))}"


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
