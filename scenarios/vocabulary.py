"""The words that scenarios and tags may ask about: vocabulary.yaml, and every tag as `is_<tag>`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from scenarios.expression import ExpressionError, Type, Word, condition, word
from street.vocabulary import seed

if TYPE_CHECKING:
    from collections.abc import Mapping

VOCABULARY_FILE = Path(__file__).with_name("vocabulary.yaml")
_OF_PERSONS = ("persons", "dwellings", "places", "events")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Type
    title_zh: str
    values: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()


_Group = Literal["persons", "dwellings", "places", "events", "days", "arrivals"]
_GROUPS = TypeAdapter(dict[_Group, dict[str, _Entry]])


@dataclass(frozen=True)
class TagRule:
    """A tag with the SQL of whom it means and of the day since which it holds (none: first seen)."""

    tag: str
    sort_order: int
    label_zh: str
    icon: str
    colour: str
    purpose: str
    condition: str
    since: str | None
    feeds: tuple[str, ...]


@cache
def groups() -> Mapping[str, Mapping[str, Word]]:
    """Return the words by group, as vocabulary.yaml has them."""
    said = _GROUPS.validate_python(yaml.safe_load(VOCABULARY_FILE.read_text(encoding="utf-8")))
    return {
        group: {
            name: Word(
                entry.type, entry.title_zh, f"{'arrival' if group == 'arrivals' else 'attribute'}.{name}",
                entry.values, entry.feeds,
            )
            for name, entry in entries.items()
        }
        for group, entries in said.items()
    }  # fmt: skip


@cache
def of_persons() -> Mapping[str, Word]:
    """Return the words about persons, their homes and places, without the tags: what a tag may ask."""
    return {name: found for group in _OF_PERSONS for name, found in groups()[group].items()}


def of_arrivals() -> Mapping[str, Word]:
    """Return the words about an arrival."""
    return groups()["arrivals"]


def tag_rule(row: Mapping[str, str]) -> TagRule:
    """Return a tag of these columns (as seeds/tags.csv has them) in SQL. Raises ExpressionError naming the tag."""
    try:
        means = condition(row["predicate"], of_persons())
        since = word(row["since"], groups()["days"], "date").sql if row["since"] else None
    except ExpressionError as error:
        raise ExpressionError(f"标签 {row['tag']}：{error}") from None
    feeds = {feed for name in means.words for feed in of_persons()[name].feeds}
    return TagRule(
        row["tag"], int(row["sort_order"]), row["label_zh"], row["icon"], row["colour"], row["purpose"],
        means.sql, since, tuple(sorted(feeds)),
    )  # fmt: skip


@cache
def standing_tags() -> tuple[TagRule, ...]:
    """Return the tags of seeds/tags.csv, which hold whatever scenario runs. Raises ExpressionError."""
    return tuple(map(tag_rule, seed("tags")))


def with_tags(tags: tuple[TagRule, ...]) -> dict[str, Word]:
    """Return the words about persons, and these tags among them."""
    tagged = {f"is_{tag.tag}": Word("flag", tag.label_zh, f"({tag.condition})", (), tag.feeds) for tag in tags}
    return {**of_persons(), **tagged}
