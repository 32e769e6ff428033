"""A scenario as its YAML file says it: a closed class, checked before anything is done with it (R-SCEN-1)."""

from __future__ import annotations

import dataclasses
import datetime as dt  # noqa: TC003 - Pydantic reads the annotations
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from scenarios.expression import Condition, ExpressionError, Word, condition
from scenarios.vocabulary import TagRule, of_arrivals, tag_rule
from street.vocabulary import labels, seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Colour = Literal["orange", "yellow", "blue"]
Level = Literal["blue", "yellow", "orange", "red"]
_LEVELS: tuple[Level, ...] = ("blue", "yellow", "orange", "red")
Figure = Literal["population", "unknown", "duties_due", "duties_done", "duties_overdue"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400, pattern=r"^[^\x00-\x1f]+$")
]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Priority = Annotated[int, Field(ge=1, le=5)]
Days = Annotated[int, Field(ge=1, le=365)]

_UNFINISHED = "待填写"
#: Pydantic's kinds of errors in words.
_SENTENCES = {
    "missing": "缺少 {place}",
    "literal_error": "{place} 只能是 {expected}",
    "string_pattern_mismatch": "{place} 的写法不对，要合于 {pattern}",
    "string_too_short": "{place} 不能空着",
    "too_short": "{place} 至少要有{min_length}项",
    "greater_than_equal": "{place} 至少是{ge}",
    "less_than_equal": "{place} 至多是{le}",
}
_KINDS = {
    "date": "日期，如 2020-03-28",
    "int": "整数",
    "string": "文字（必要时加引号）",
    "tuple": "列表",
    "dict": "“键: 值”",
}


class ScenarioError(ValueError):
    """A scenario that can't be used; the sentence names the file, the place in it and what may stand there."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Runs(_Closed):
    """The first and the last day, both included."""

    since: dt.date = Field(alias="from")
    until: dt.date

    @model_validator(mode="after")
    def _in_order(self) -> Runs:
        if self.until < self.since:
            raise ValueError("until 不能早于 from")
        return self


class ColourRule(_Closed):
    """A colour and whom it is of, the gravest first; the last one may be of everybody else (`otherwise`)."""

    when: Text | None = None
    colour: Colour | None = None
    otherwise: Colour | None = None
    label_zh: Text | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> ColourRule:
        if (self.when is None or self.colour is None) if self.otherwise is None else (self.when or self.colour):
            raise ValueError("写 {when: 条件, colour: 颜色}，或 {otherwise: 颜色}")
        return self


class Duty(_Closed):
    """What is asked of the committees for each person: every so many days, or on the day of release."""

    duty: Name
    label_zh: Text
    reason_zh: Text | None = None
    every_days: Days | None = None
    due_on: Literal["release"] | None = None
    due: Clock
    priority: Priority
    priority_of_minors: Priority | None = None
    closes_on: tuple[Text, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> Duty:
        if (self.every_days is None) == (self.due_on is None):
            raise ValueError("every_days 和 due_on 写且只写一个")
        if unknown := [kind for kind in self.closes_on if kind not in labels("visit_kind")]:
            raise ValueError(f"closes_on 没有{'、'.join(unknown)}，只有：{'、'.join(labels('visit_kind'))}")
        return self


class Change(_Closed):
    """How often a standing duty (seeds/duties.csv) is asked for while the scenario runs; the shortest cadence wins."""

    duty: Name
    every_days: Days


class Tag(_Closed):
    """A tag that people have while the scenario runs."""

    tag: Name
    sort_order: int
    label_zh: Text
    icon: Text
    colour_hex: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
    when: Text
    since: Text | None = None
    purpose: Text


class Isolation(_Closed):
    """What home isolation is, for the scenario that knows it: one alone (R-ISO-1, R-ISO-7).

    `days`: how long it lasts. `at_home`: the colours that isolate at home where a registration says nothing of it. The
    scenario's colours are then asked of each arrival, by its origin, and a person's colour is that of their episode.
    """

    days: Annotated[int, Field(ge=1, le=60)]
    at_home: tuple[Colour, ...]


class Report(_Closed):
    """The section of the daily report: its title, and its figures in this order."""

    section_zh: Text
    figures: tuple[Figure, ...] = Field(min_length=1)


class Scenario(_Closed):
    """One scenario: whom it looks at, until when, by what right, and what is asked for them."""

    scenario: Name
    title_zh: Text
    legal_basis: Text
    purpose: Text
    runs: Runs
    population: Text
    unknown: Literal["list"] = "list"
    isolation: Isolation | None = None
    colours: tuple[ColourRule, ...] = Field(min_length=1)
    levels: dict[Level, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    duties: tuple[Duty, ...] = Field(default=())
    changes: tuple[Change, ...] = Field(default=())
    tags: tuple[Tag, ...] = Field(default=())
    report: Report
    retention_days: Annotated[int, Field(ge=0, le=1095)]

    @model_validator(mode="after")
    def _is_finished(self) -> Scenario:
        if any(_UNFINISHED in said for said in (self.title_zh, self.legal_basis, self.purpose)):
            raise ValueError(f"还有“{_UNFINISHED}”的地方")
        return self

    @model_validator(mode="after")
    def _is_in_order(self) -> Scenario:
        bounds = [self.levels[level] for level in _LEVELS if level in self.levels]
        if bounds != sorted(set(bounds)):
            raise ValueError(f"levels 的人数要按 {'、'.join(_LEVELS)} 由少到多")
        if any(rule.otherwise for rule in self.colours[:-1]):
            raise ValueError("colours 中 otherwise 只能是最后一条")
        return self

    @model_validator(mode="after")
    def _isolates_or_not(self) -> Scenario:
        if self.isolation is None and any(duty.due_on for duty in self.duties):
            raise ValueError("due_on: release 只用于有 isolation 的场景")
        if self.isolation and any(duty.every_days not in (None, 1) for duty in self.duties):
            raise ValueError("有 isolation 的场景，任务每天一次（every_days: 1）或在解除日（due_on: release）")
        if self.isolation and any(rule.label_zh is None for rule in self.colours):
            raise ValueError("有 isolation 的场景，每种颜色都要有 label_zh")
        return self

    @model_validator(mode="after")
    def _names_are_free(self) -> Scenario:
        duties, tags = [duty.duty for duty in self.duties], [tag.tag for tag in self.tags]
        changes = [change.duty for change in self.changes]
        for what, names in {"duties": duties, "tags": tags, "changes": changes}.items():
            if len(names) != len(set(names)):
                raise ValueError(f"{what} 中有重名")
        standing = {row["duty"] for row in seed("duties")}
        if unknown := sorted(set(changes) - standing):
            raise ValueError(f"changes 只能改常设任务（{'、'.join(sorted(standing))}），没有 {'、'.join(unknown)}")
        if taken := sorted(standing & set(duties) | {row["tag"] for row in seed("tags")} & set(tags)):
            raise ValueError(f"{'、'.join(taken)} 是常设的任务或标签，请换一个名字（常设任务用 changes 改）")
        return self

    def state(self, on: dt.date) -> Literal["coming", "running", "ended"]:
        """Return whether it runs on a day by its dates alone."""
        return "coming" if on < self.runs.since else "running" if on <= self.runs.until else "ended"


@dataclass(frozen=True)
class Compiled:
    """A scenario with its conditions in SQL: `definition` is what the models read, `digest` tells versions apart.

    `words` are those of its conditions, by name, but for what its colours ask of an arrival.
    """

    scenario: Scenario
    population: Condition
    definition: dict[str, Any]
    digest: str
    words: Mapping[str, Word]


def read(path: Path, runs: Mapping[str, Runs] | None = None) -> Scenario:
    """Return the scenario of a file, its dates replaced by those of `runs` if they name it. Raises ScenarioError."""
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path.name}：读不到这个文件（{error.strerror}）。") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path.name}：不是 UTF-8 文本。") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ScenarioError(f"{path.name}：不是 YAML{f'（第{mark.line + 1}行）' if mark else ''}。") from None
    if not isinstance(said, dict):
        raise ScenarioError(f"{path.name}：要写成“键: 值”，至少有 {'、'.join(_required())}。")
    try:
        found = Scenario.model_validate(said)
    except ValidationError as error:
        raise ScenarioError(f"{path.name}：{_sentence(error)}。") from None
    if found.scenario != path.stem:
        raise ScenarioError(f"{path.name}：scenario 是 {found.scenario}，文件名要和它一样。")
    dates = (runs or {}).get(found.scenario)
    return found.model_copy(update={"runs": dates}) if dates else found


def tags_of(scenario: Scenario) -> tuple[TagRule, ...]:
    """Return the tags that a scenario brings, in SQL. Raises ScenarioError."""
    try:
        return tuple(
            tag_rule(
                {
                    "tag": tag.tag,
                    "sort_order": str(tag.sort_order),
                    "label_zh": tag.label_zh,
                    "icon": tag.icon,
                    "colour": tag.colour_hex,
                    "purpose": tag.purpose,
                    "predicate": tag.when,
                    "since": tag.since or "",
                }
            )
            for tag in scenario.tags
        )
    except ExpressionError as error:
        raise ScenarioError(f"{scenario.scenario}.yaml：{error}") from None


def compiled(scenario: Scenario, words: Mapping[str, Word]) -> Compiled:
    """Return a scenario with its conditions in SQL over these words. Raises ScenarioError naming the place."""
    asked: set[str] = set()

    def sql_of(place: str, text: str, among: Mapping[str, Word]) -> Condition:
        try:
            found = condition(text, among)
        except ExpressionError as error:
            raise ScenarioError(f"{scenario.scenario}.yaml 的 {place}：{error}") from None
        if among is words:
            asked.update(found.words)
        return found

    population = sql_of("population", scenario.population, words)
    of_colours = of_arrivals() if scenario.isolation else words
    colours = [
        {
            "condition": sql_of(f"colours[{number}].when", rule.when, of_colours).sql if rule.when else "true",
            "colour": rule.colour or rule.otherwise,
            "label_zh": rule.label_zh,
        }
        for number, rule in enumerate(scenario.colours)
    ]
    definition = {
        **scenario.model_dump(mode="json", by_alias=True, exclude={"colours", "tags", "population"}),
        "population": population.sql,
        "colours": colours,
        "tags": [dataclasses.asdict(tag) for tag in tags_of(scenario)],
    }
    text = json.dumps(definition, ensure_ascii=False, sort_keys=True)
    used = {name: words[name] for name in sorted(asked)}
    return Compiled(scenario, population, definition, hashlib.sha256(text.encode()).hexdigest(), used)


def _required() -> list[str]:
    return [name for name, field in Scenario.model_fields.items() if field.is_required()]


def _sentence(error: ValidationError) -> str:
    """Return the first thing that is wrong: where it stands, and what may stand there."""
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    context = found.get("ctx", {})
    said = _SENTENCES.get(found["type"], "{place} 的写法不对，要写成{kind}")
    kind = next((name for start, name in _KINDS.items() if found["type"].startswith(start)), "规定的样子")
    if found["type"] == "value_error":
        return f"{place + '：' if place else ''}{context['error']}"
    if found["type"] == "extra_forbidden":
        return f"没有 {place} 这一项；可写 {'、'.join(_keys(found['loc'][:-1]))}"
    return said.format(place=place, kind=kind, **context)


def _keys(place: Sequence[int | str]) -> list[str]:
    """Return the keys that may stand at a place of the file."""
    model: type[BaseModel] = Scenario
    parts: dict[str, type[BaseModel]] = {
        "runs": Runs, "colours": ColourRule, "duties": Duty, "changes": Change, "tags": Tag, "isolation": Isolation,
        "report": Report,
    }  # fmt: skip
    if place and str(place[0]) in parts:
        model = parts[str(place[0])]
    return [field.alias or name for name, field in model.model_fields.items()]
