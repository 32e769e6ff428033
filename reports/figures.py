"""The figures of the daily report: aggregates of the published marts, never a person's name or number.

Everything is read from schema `marts` in one REPEATABLE READ transaction, so the figures are all of one publication.
What nobody can know is None and prints 无数据 (R-DAY-5); a mart or a column that isn't there is an error.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.feeds import UNCONNECTED, FeedLine, read_feeds
from reports.marts import Marts
from reports.suppression import UNBOUNDED, Cell, Mark, Row, suppress
from street.settings import SHANGHAI, as_of_at
from street.vocabulary import COLOURS, ISOLATION_DAYS, RECENT_DAYS, STREET_CODE, UNPLACED_CODE, labels, seed
from street.vocabulary import LEVELS as LEAST_PERSONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

_UNPLACED_LABEL = labels("row_kind")["unplaced"]

CALM = seed("levels")[0]["label_zh"]
"""The label of the calm levels, which print as one class (R-PRIV-6)."""


def _named_levels() -> dict[str, tuple[str, tuple[int, int]]]:
    found: dict[str, tuple[str, tuple[int, int]]] = {}
    highest = UNBOUNDED
    for row in reversed(seed("levels")):
        if row["label_zh"] != CALM and row["level"] in LEAST_PERSONS:
            lowest = LEAST_PERSONS[row["level"]]
            found[row["level"]] = row["label_zh"], (lowest, highest)
            highest = lowest - 1
    return found


LEVELS = _named_levels()
"""Level of a compound that is named in the report, the gravest first -> its label and the persons that it means."""

AGES = (("1天内", 1), ("2-7天", 7), ("8-14天", 14), ("14天以上", None))
"""Label of an age class -> its last day, counted from first_seen_on."""


@dataclass(frozen=True)
class Headline:
    """A flow or stock of the last closed day (截至昨日24时) beside the day before."""

    label: str
    yesterday: int | float | None
    before: int | float | None
    unit: str = "人"

    @property
    def is_known(self) -> bool:
        """Whether either day is known."""
        return self.yesterday is not None or self.before is not None

    @property
    def change(self) -> int | float | None:
        """The difference; None when either day is unknown."""
        return None if self.yesterday is None or self.before is None else round(self.yesterday - self.before, 1)


@dataclass(frozen=True)
class Balance:
    """How the street's persons isolating at home on one day came from those of the day before (R-REPORT-1).

    `isolating` = `before` + `started` - `released` - `transferred` + `corrected`; a part that nobody kept is None.
    """

    date: dt.date
    before: int | None
    started: int | None
    released: int | None
    transferred: int | None
    corrected: int | None
    isolating: int | None


@dataclass(frozen=True)
class Day:
    """One day of a series: persons by colour (releases), or isolating and arrivals (the curve)."""

    date: dt.date
    counts: dict[str, int | None]

    @property
    def total(self) -> int:
        """The sum of what is known."""
        return sum(count or 0 for count in self.counts.values())


@dataclass(frozen=True)
class Compound:
    """One line of the table of compounds: persons isolating by colour, and their total as the last cell, as printed."""

    name: str
    committee: str
    level: str
    level_label: str
    cells: list[Cell]


@dataclass(frozen=True)
class Duties:
    """A committee's duties: of the last closed day, and open today, at how many places. Never suppressed."""

    committee: str
    due: int | None
    done: int | None
    overdue: int | None
    open_today: int | None
    urgent_today: int | None
    trips_today: int | None

    @property
    def weight(self) -> tuple[int, ...]:
        """The order in which committees need attention: most overdue, then most urgent, then most open (R-REPORT-3)."""
        return tuple(-(count or 0) for count in (self.overdue, self.urgent_today, self.open_today))


@dataclass(frozen=True)
class Count:
    """A label and a count of the whole street."""

    label: str
    count: int | None


@dataclass(frozen=True)
class Section:
    """What the file of a scenario that runs asks the report to tell: its title and its figures, of the whole street."""

    title: str
    counts: list[Count]


@dataclass(frozen=True)
class Unresolved:
    """Records of one reason that nobody has resolved yet, by age (in the order of AGES)."""

    reason: str
    by_age: tuple[int, ...]

    @property
    def total(self) -> int:
        """All ages."""
        return sum(self.by_age)


@dataclass(frozen=True)
class Figures:
    """All that the report prints. None where the marts cannot tell."""

    as_of: dt.date
    as_of_at: dt.datetime
    data_date: dt.date | None
    residents: int | None
    isolating: dict[str, int] | None
    released_today: int | None
    completed_14d: int | None
    headlines: list[Headline]
    balance: list[Balance]
    releases: list[Day] | None
    curve: list[Day] | None
    levels: list[Count] | None
    compounds: list[Compound] | None
    rest: list[Cell] | None
    duties: list[Duties] | None
    duty_kinds: list[Count] | None
    care: list[Count] | None
    services: list[Count] | None
    feeds: list[FeedLine] | None
    unresolved: list[Unresolved] | None
    review: str | None
    caught: list[Count]
    scenarios: list[Section]
    about_scenarios: list[str]

    @property
    def isolating_total(self) -> int | None:
        """Persons isolating at home today, all colours."""
        return None if self.isolating is None else sum(self.isolating.values())

    @property
    def troubled_feeds(self) -> list[FeedLine]:
        """Feeds that were rejected or failed, then missing, then late."""
        return [feed for feed in self.feeds or () if feed.status in ("failed", "missing", "late")]

    @property
    def connected_feeds(self) -> list[FeedLine]:
        """Feeds that have ever brought anything, the troubled ones first."""
        return [feed for feed in self.feeds or () if feed.status != UNCONNECTED]

    @property
    def unconnected(self) -> str | None:
        """One sentence for the feeds that have never brought anything; None when there is none."""
        titles = [feed.title for feed in self.feeds or () if feed.status == UNCONNECTED]
        return f"从未收到数据的来源{len(titles)}个：{'、'.join(titles)}。" if titles else None

    @property
    def closed_day(self) -> dt.date:
        """The last closed day, D-1 of the day that the figures describe."""
        described = self.as_of if self.data_date is None else min(self.data_date, self.as_of)
        return described - dt.timedelta(days=1)

    @property
    def told(self) -> list[Headline]:
        """The headlines of which either day is known."""
        return [line for line in self.headlines if line.is_known]

    @property
    def untold(self) -> list[Headline]:
        """Those of which neither day can be told, such as what no feed is connected for (R-REPORT-2)."""
        return [line for line in self.headlines if not line.is_known]

    @property
    def duties_total(self) -> Duties | None:
        """The duties of the whole street; None when those of no committee are known."""
        if not self.duties:
            return None
        columns = [dataclasses.astuple(line)[1:] for line in self.duties]
        return Duties("全街道", *(_sum(column) for column in zip(*columns, strict=True)))

    @property
    def needing_attention(self) -> list[Duties]:
        """The committees with anything to do, those that need attention most first."""
        return [line for line in self.duties or () if any(line.weight)]

    @property
    def unresolved_total(self) -> int | None:
        """Records that nobody has resolved yet."""
        return None if self.unresolved is None else sum(line.total for line in self.unresolved)

    @property
    def opening(self) -> list[str]:
        """The sentences the report opens with: whom checks caught, feeds rejected or missing, whether today is told."""
        sentences = [feed.sentence for feed in self.troubled_feeds] + self.about_scenarios
        if self.caught:
            each = "、".join(f"{line.label}{line.count}条" for line in self.caught)
            sentences.insert(0, f"核对查出{sum(line.count or 0 for line in self.caught)}条记录，已列入待核实：{each}。")
        if self.data_date is None:
            sentences.append("还没有任何可用的数据。")
        elif self.data_date < self.as_of:
            sentences.append(f"今日数据还没有出来，以下为{self.data_date:%-m月%-d日}的数据。")
        elif self.data_date > self.as_of:
            sentences.append(f"现有数据已到{self.data_date:%-m月%-d日}，本报只列{self.as_of:%-m月%-d日}的历史数字。")
        if self.connected_feeds and not self.troubled_feeds:
            sentences.append(f"{len(self.connected_feeds)}个数据来源今日均正常。")
        if self.unconnected:
            sentences.append(self.unconnected)
        return sentences or ["数据来源情况：无数据。"]

    @property
    def first_line(self) -> str:
        """The opening in one line."""
        return "".join(self.opening)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def read(conn: psycopg.Connection[Any], as_of: dt.date) -> Figures:
    """Read the figures of one morning; the connection must be in no transaction."""
    conn.execute("set transaction isolation level repeatable read, read only")
    try:
        return _read(Marts(conn), as_of)
    finally:
        conn.rollback()


def _read(marts: Marts, as_of: dt.date) -> Figures:
    data_date = marts.date_of("compound_overview") or marts.date_of("isolation_episode")
    # The current marts of another day than this one's say nothing about it once they have moved past it.
    current = data_date is not None and data_date <= as_of
    today = data_date if current and data_date else as_of
    isolating = _isolating(marts) if current else None
    street = _street_days(marts, today - dt.timedelta(days=_CURVE_DAYS), today)
    levels, compounds, rest = _compounds(marts, isolating) if isolating is not None else (None, None, None)
    return Figures(
        as_of=as_of,
        as_of_at=as_of_at(as_of),
        data_date=data_date,
        residents=street.get(today, {}).get("residents") if current else None,
        isolating=isolating,
        released_today=street.get(today, {}).get("released") if current else None,
        completed_14d=_completed(marts, today) if current else None,
        headlines=_headlines(street, today),
        balance=_balance(street, today, current=current),
        releases=_releases(marts, today) if current else None,
        curve=_curve(street, today),
        levels=levels,
        compounds=compounds,
        rest=rest,
        duties=_duties(marts, today, current=current),
        duty_kinds=_duty_kinds(marts, today) if current else None,
        care=_care(marts) if current else None,
        services=_services(marts) if current else None,
        feeds=read_feeds(marts, as_of),
        unresolved=_unresolved(marts, today) if current else None,
        review=_review(street.get(today, {})) if current else None,
        caught=_caught(marts) if current else [],
        scenarios=_scenarios(marts, today, street.get(today, {}).get("duties_done") is not None) if current else [],
        about_scenarios=_about_scenarios(marts, today) if current else [],
    )


def _isolating(marts: Marts) -> dict[str, int]:
    counts = dict.fromkeys(COLOURS, 0)
    query = "select colour, count(*) as persons from marts.isolation_episode where status = 'isolating' group by colour"
    for row in marts.rows(query):
        counts[row["colour"]] = row["persons"]
    return counts


def _completed(marts: Marts, today: dt.date) -> int:
    query = """select count(*) as n from marts.isolation_episode
        where status = 'completed' and release_on between %(since)s and %(today)s"""
    return int(marts.rows(query, since=today - dt.timedelta(days=RECENT_DAYS - 1), today=today)[0]["n"])


_GOVERNANCE = (
    ("抵沪来本街道", "arrivals", "人"),
    ("其中境外来沪", "arrivals_abroad", "人"),
    ("违规外出", "breaches", "次"),
    ("应办任务", "duties_due", "项"),
    ("已办任务", "duties_done", "项"),
    ("逾期任务", "duties_overdue", "项"),
    ("测温覆盖率", "coverage_pct", "%"),
    ("常住居民", "residents", "人"),
    ("独居老人", "living_alone_elderly", "人"),
    ("待核实记录", "unresolved", "条"),
)
_REVIEW = ("review_waiting", "review_arrivals", "review_week")


_CURVE_DAYS = 28
_BALANCE = ("isolating", "newly_isolating", "released", "transferred", "isolating_corrected")


def _headlines(street: dict[dt.date, dict[str, Any]], today: dt.date) -> list[Headline]:
    days = [street.get(today - dt.timedelta(days=back), {}) for back in (1, 2)]
    headlines = []
    for label, column, unit in _GOVERNANCE:
        pair = (day.get(column) for day in days)
        first, second = (float(value) if unit == "%" and value is not None else value for value in pair)
        headlines.append(Headline(label, first, second, unit))
    return headlines


def _balance(street: dict[dt.date, dict[str, Any]], today: dt.date, *, current: bool) -> list[Balance]:
    """Return today so far, the last closed day and the one before; of a day that is past only the two closed ones."""
    lines = []
    for date in (today - dt.timedelta(days=back) for back in range(0 if current else 1, 3)):
        day = street.get(date, {})
        lines.append(
            Balance(
                date,
                street.get(date - dt.timedelta(days=1), {}).get("isolating"),
                day.get("newly_isolating"),
                day.get("released"),
                day.get("transferred"),
                day.get("isolating_corrected"),
                day.get("isolating"),
            )
        )
    return lines


def _street_days(marts: Marts, first: dt.date, last: dt.date) -> dict[dt.date, dict[str, Any]]:
    columns = ", ".join(dict.fromkeys((*(column for _, column, _ in _GOVERNANCE), *_BALANCE, *_REVIEW)))
    query = f"""select business_date, {columns} from marts.governance_daily
        where committee_code = %(street)s and business_date between %(first)s and %(last)s"""
    return {row["business_date"]: row for row in marts.rows(query, street=STREET_CODE, first=first, last=last)}


def _releases(marts: Marts, today: dt.date) -> list[Day]:
    query = """select release_on, colour, count(*) as persons from marts.isolation_episode
        where status = 'isolating' and release_on > %(today)s group by release_on, colour"""
    days = [Day(today + dt.timedelta(days=n), dict.fromkeys(COLOURS, 0)) for n in range(1, ISOLATION_DAYS + 1)]
    by_date = {day.date: day for day in days}
    for row in marts.rows(query, today=today):
        if row["release_on"] in by_date:
            by_date[row["release_on"]].counts[row["colour"]] = row["persons"]
    return days


def _curve(street: dict[dt.date, dict[str, Any]], today: dt.date) -> list[Day] | None:
    """Return isolating and arrivals of the closed days, oldest first; None when no day is known."""
    dates = [today - dt.timedelta(days=back) for back in range(_CURVE_DAYS, 0, -1)]
    days = [Day(date, {name: street.get(date, {}).get(name) for name in ("isolating", "arrivals")}) for date in dates]
    return days if any(day.counts["isolating"] is not None for day in days) else None


def _compounds(marts: Marts, isolating: dict[str, int]) -> tuple[list[Count], list[Compound] | None, list[Cell] | None]:
    """Return compounds a level, the compounds above 平稳 with red first, and the cells of everybody else."""
    colours = tuple(f"isolating_{colour}" for colour in COLOURS)
    counts = dict.fromkeys((*LEVELS, CALM), 0)
    for row in marts.rows("select level, count(*) as n from marts.compound_overview group by level"):
        counts[row["level"] if row["level"] in LEVELS else CALM] += row["n"]
    levels = [Count(LEVELS[level][0] if level in LEVELS else level, n) for level, n in counts.items()]
    query = f"""select compound_name, committee_name, level, {", ".join(colours)}
        from marts.compound_overview
        where level = any(%(levels)s) order by compound_key, committee_code"""
    found = marts.rows(query, levels=list(LEVELS))
    rows = [Row(tuple(row[colour] or 0 for colour in colours), LEVELS[row["level"]][1]) for row in found]
    others = tuple(isolating[colour] - sum(row.counts[n] for row in rows) for n, colour in enumerate(COLOURS))
    # Compounds that claim more persons than the street has are a contradiction that no table should print.
    table = None if min(others) < 0 else suppress([*rows, Row(others)]) if rows else []
    if table is None:
        return levels, None, None
    compounds = [
        Compound(row["compound_name"], row["committee_name"], row["level"], LEVELS[row["level"]][0], cells)
        for row, cells in zip(found, table, strict=False)
    ]
    compounds.sort(key=_place_in_table)
    return levels, compounds, table[-1] if table else None


def _place_in_table(compound: Compound) -> tuple[int, int, str, str]:
    """Red first, then by total; a hidden total stands behind those of its level, or its place would tell it."""
    total = compound.cells[-1]
    shown = total.value if total.mark is Mark.SHOWN else 0
    return list(LEVELS).index(compound.level), -shown, compound.name, compound.committee


def _committee_names(marts: Marts) -> dict[str, str]:
    query = "select distinct committee_code, committee_name from marts.compound_overview"
    return {row["committee_code"]: row["committee_name"] for row in marts.rows(query)}


_TODAY = ("open_today", "urgent_today", "trips_today")


def _duties(marts: Marts, today: dt.date, *, current: bool) -> list[Duties] | None:
    query = """select committee_code, duties_due, duties_done, duties_overdue from marts.governance_daily
        where business_date = %(day)s and committee_code <> %(street)s"""
    yesterday = today - dt.timedelta(days=1)
    closed = {row["committee_code"]: row for row in marts.rows(query, day=yesterday, street=STREET_CODE)}
    worklist: dict[str, dict[str, Any]] | None = None
    if current:
        query = """select coalesce(committee_code, %(unplaced)s) as committee_code,
                count(*) as open_today,
                count(*) filter (where priority <= 2) as urgent_today,
                -- One trip does all that is to do at a place (R-DUTY-7).
                count(distinct coalesce(dwelling_key, person_key)) as trips_today
            from marts.worklist where status <> 'done' and due_at < %(tomorrow)s group by 1"""
        tomorrow = _midnight_after(today)
        worklist = {row["committee_code"]: row for row in marts.rows(query, unplaced=UNPLACED_CODE, tomorrow=tomorrow)}
    if not closed and worklist is None:
        return None
    names = _committee_names(marts) | {UNPLACED_CODE: _UNPLACED_LABEL}
    lines = []
    for code in closed.keys() | (worklist or {}).keys():
        day = closed.get(code, {})
        now = {} if worklist is None else worklist.get(code, dict.fromkeys(_TODAY, 0))
        lines.append(
            Duties(
                names.get(code, code),
                day.get("duties_due"),
                day.get("duties_done"),
                day.get("duties_overdue"),
                *(now.get(name) for name in _TODAY),
            )
        )
    # The row of the unplaced is worth its line only when there is something in it.
    lines = [line for line in lines if line.committee != _UNPLACED_LABEL or line.due or line.open_today]
    return sorted(lines, key=lambda line: (*line.weight, line.committee))


def _midnight_after(day: dt.date) -> dt.datetime:
    """Return the end of what is due on the day: later visits are on the worklist already, but nobody's task today."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), SHANGHAI)


def _duty_kinds(marts: Marts, today: dt.date) -> list[Count]:
    query = """select duty_zh, count(*) as n from marts.worklist
        where status <> 'done' and due_at < %(tomorrow)s group by duty, duty_zh order by n desc, duty"""
    found = marts.rows(query, tomorrow=_midnight_after(today))
    return [Count(row["duty_zh"], row["n"]) for row in found]


def _care(marts: Marts) -> list[Count]:
    query = """select label_zh, count(distinct person_key) as n from marts.person_tag
        group by label_zh order by n desc, label_zh"""
    return [Count(row["label_zh"], row["n"]) for row in marts.rows(query)]


def _services(marts: Marts) -> list[Count]:
    query = """select service, count(distinct person_key) as n from marts.service_roster where is_current
        group by service order by n desc, service"""
    return [Count(row["service"], row["n"]) for row in marts.rows(query)]


def _unresolved(marts: Marts, today: dt.date) -> list[Unresolved]:
    query = """select reason_zh, %(today)s::date - first_seen_on + 1 as days, count(*) as n from marts.unresolved
        group by reason_zh, first_seen_on"""
    counts: dict[str, list[int]] = {}
    for row in marts.rows(query, today=today):
        by_age = counts.setdefault(row["reason_zh"], [0] * len(AGES))
        by_age[_age_class(row["days"])] += row["n"]
    lines = [Unresolved(label, tuple(by_age)) for label, by_age in counts.items()]
    return sorted(lines, key=lambda line: (-line.total, line.reason))


def _review(day: dict[str, Any]) -> str | None:
    """Return a sentence for what waits for a person to decide, arrivals first; None when it isn't known."""
    waiting, arrivals, week = (day.get(column) for column in _REVIEW)
    if waiting is None:
        return None
    if not waiting:
        return "没有等人裁定的记录。"
    return f"等人裁定{waiting}件，其中到达人员{arrivals}件，已等一周以上{week}件。"


def _caught(marts: Marts) -> list[Count]:
    """Return, by check over persons, how many records it has listed; the day is published all the same."""
    query = """select reason_zh, count(*) as n from marts.unresolved where kind = 'check'
        group by reason_zh order by n desc, reason_zh"""
    return [Count(row["reason_zh"], row["n"]) for row in marts.rows(query)]


_SCENARIO_FIGURES = {
    "population": "对象人数",
    "unknown": "无法判断人数",
    "duties_due": "今日应办",
    "duties_done": "今日已办",
    "duties_overdue": "逾期",
}


def _scenarios(marts: Marts, today: dt.date, is_visited: bool) -> list[Section]:
    """Return the section of each scenario that runs; what is done and overdue only visits on record tell (R-DAY-5)."""
    query = """select scenario.section_zh, scenario.figures, scenario.population, scenario.unknown,
            count(duty.duty_key) as duties_due,
            count(duty.duty_key) filter (where duty.status = 'done') as duties_done,
            count(duty.duty_key) filter (where duty.status = 'overdue') as duties_overdue
        from marts.scenario as scenario
        left join marts.worklist as duty on scenario.scenario = duty.scenario and duty.due_at < %(tomorrow)s
        where scenario.state = 'running'
        group by scenario.scenario, scenario.section_zh, scenario.figures, scenario.population, scenario.unknown
        order by scenario.scenario"""
    rows = marts.rows(query, tomorrow=_midnight_after(today))
    untold = () if is_visited else ("duties_done", "duties_overdue")
    return [
        Section(
            row["section_zh"],
            [Count(_SCENARIO_FIGURES[name], None if name in untold else row[name]) for name in row["figures"]],
        )
        for row in rows
    ]


def _about_scenarios(marts: Marts, today: dt.date) -> list[str]:
    """Return a sentence for each scenario that has ended the day before, and for each whose file can't be used."""
    query = """select scenario, title_zh, runs_until, state from marts.scenario
        where refused_zh is not null or (state = 'ended' and runs_until = %(yesterday)s) order by scenario"""
    sentences = []
    for row in marts.rows(query, yesterday=today - dt.timedelta(days=1)):
        if row["state"] == "ended":
            sentences.append(f"场景“{row['title_zh']}”已于{row['runs_until']:%-m月%-d日}到期，不再运行。")
        else:
            meanwhile = "没有运行" if row["state"] == "refused" else "沿用上一次可用的设定"
            sentences.append(f"场景文件 {row['scenario']}.yaml 不能用，{meanwhile}；原因见 `street scenario list`。")
    return sentences


def _age_class(days: int | None) -> int:
    """Return the index into AGES; an unknown age is the oldest, so that nobody waits unseen."""
    if days is None:
        return len(AGES) - 1
    return next(index for index, (_, last) in enumerate(AGES) if last is None or days <= last)
