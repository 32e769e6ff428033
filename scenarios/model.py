"""A scenario as its YAML file says it: a closed class, checked before anything is done with it (R-SCEN-1)."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - Pydantic reads the annotations
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from scenarios.expression import Condition, ExpressionError, Word, condition
from scenarios.vocabulary import TagRule, of_arrivals, tag_rule
from street.vocabulary import seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Colour = Literal["orange", "yellow", "blue"]
Level = Literal["blue", "yellow", "orange", "red"]
Figure = Literal["population", "unknown", "duties_due", "duties_done", "duties_overdue"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400, pattern=r"^[^\x00-\x1f]+$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Priority = Annotated[int, Field(ge=1, le=5)]
Days = Annotated[int, Field(ge=1, le=365)]

_UNFINISHED = "待填写"


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
    def _holds_together(self) -> Scenario:
        for said in (self.title_zh, self.legal_basis, self.purpose):
            if _UNFINISHED in said:
                raise ValueError(f"还有“{_UNFINISHED}”的地方")
        bounds = [self.levels[level] for level in ("blue", "yellow", "orange", "red") if level in self.levels]
        if bounds != sorted(set(bounds)):
            raise ValueError("levels 的人数要按 blue、yellow、orange、red 由少到多")
        if any(rule.otherwise for rule in self.colours[:-1]):
            raise ValueError("colours 中 otherwise 只能是最后一条")
        if self.isolation is None and any(duty.due_on for duty in self.duties):
            raise ValueError("due_on: release 只用于有 isolation 的场景")
        if self.isolation and any(duty.every_days not in (None, 1) for duty in self.duties):
            raise ValueError("有 isolation 的场景，任务每天一次（every_days: 1）或在解除日（due_on: release）")
        for what, names in {
            "duties": [duty.duty for duty in self.duties], "tags": [tag.tag for tag in self.tags],
            "changes": [change.duty for change in self.changes],
        }.items():  # fmt: skip
            if len(names) != len(set(names)):
                raise ValueError(f"{what} 中有重名")
        standing = {row["duty"] for row in seed("duties")}
        if unknown := sorted({change.duty for change in self.changes} - standing):
            raise ValueError(f"changes 只能改常设任务（{'、'.join(sorted(standing))}），没有 {'、'.join(unknown)}")
        if taken := sorted({duty.duty for duty in self.duties} & standing):
            raise ValueError(f"duties 中的 {'、'.join(taken)} 已是常设任务，请用 changes")
        if taken := sorted({tag.tag for tag in self.tags} & {row["tag"] for row in seed("tags")}):
            raise ValueError(f"tags 中的 {'、'.join(taken)} 已是常设标签")
        return self

    def state(self, on: dt.date) -> Literal["coming", "running", "ended"]:
        """Whether it runs on a day by its dates alone."""
        return "coming" if on < self.runs.since else "running" if on <= self.runs.until else "ended"


@dataclass(frozen=True)
class Compiled:
    """A scenario with its conditions in SQL: `definition` is what the models read, `digest` tells versions apart."""

    scenario: Scenario
    population: Condition
    definition: dict[str, Any]
    digest: str
    words: frozenset[str]


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
                    "tag": tag.tag, "sort_order": str(tag.sort_order), "label_zh": tag.label_zh, "icon": tag.icon,
                    "colour": tag.colour_hex, "purpose": tag.purpose, "predicate": tag.when, "since": tag.since or "",
                }  # fmt: skip
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
        **scenario.model_dump(mode="json", by_alias=True, exclude={"colours", "tags", "population", "levels"}),
        "population": population.sql,
        "colours": colours,
        "levels": {level: scenario.levels[level] for level in ("red", "orange", "yellow", "blue") if level in scenario.levels},
        "tags": [tag.__dict__ for tag in tags_of(scenario)],
    }  # fmt: skip
    text = json.dumps(definition, ensure_ascii=False, sort_keys=True)
    return Compiled(scenario, population, definition, hashlib.sha256(text.encode()).hexdigest(), frozenset(asked))


def _required() -> list[str]:
    return [name for name, field in Scenario.model_fields.items() if field.is_required()]


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong: where it stands, and what may stand there."""
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    context = found.get("ctx", {})
    match found["type"]:
        case "missing":
            return f"缺少 {place}"
        case "extra_forbidden":
            return f"没有 {place} 这一项；可写 {'、'.join(_keys(found['loc'][:-1]))}"
        case "value_error":
            return f"{place + '：' if place else ''}{context['error']}"
        case "literal_error":
            return f"{place} 只能是 {str(context['expected']).replace(' or ', '、')}"
        case kind if kind.startswith("date"):
            return f"{place} 要写成日期，如 2020-03-28"
        case kind if kind.startswith(("int", "greater", "less")):
            bounds = "".join(f"，{sign}{context[name]}" for name, sign in {"ge": "至少", "le": "至多"}.items() if name in context)
            return f"{place} 要写成整数{bounds}"
        case "string_pattern_mismatch":
            return f"{place} 的写法不对，要合于 {context['pattern']}"
        case kind if kind.startswith("string"):
            return f"{place} 要写成文字（必要时加引号），不能空着"
        case _:
            return f"{place} 的写法不对"


def _keys(place: Sequence[int | str]) -> list[str]:
    """The keys that may stand at a place of the file."""
    model: type[BaseModel] = Scenario
    parts: dict[str, type[BaseModel]] = {
        "runs": Runs, "colours": ColourRule, "duties": Duty, "changes": Change, "tags": Tag, "isolation": Isolation,
        "report": Report,
    }  # fmt: skip
    if place and str(place[0]) in parts:
        model = parts[str(place[0])]
    return [field.alias or name for name, field in model.model_fields.items()]
