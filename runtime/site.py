"""The documentation site, `STREET_VAR/docs`: Sphinx makes it from `docs/`, dbt's own pages stand beside it.

The page of checks stands where Great Expectations would put its Data Docs: those print offending values and samples of
rows, which may leave no database here. `ops.check_result` holds counts alone.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.words import words
from sources.contract import all_contracts
from street import dbt
from street.database import connect, scrubbed
from street.settings import ROOT, settings
from street.vocabulary import labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PAGES = ROOT / "docs"

_NEWEST = """
select feed.feed, feed.title_zh, max(batch.business_date), sum(batch.rows_received), sum(batch.rows_quarantined),
    array_agg(batch.batch_id)
from ops.batch
inner join ops.feed on batch.feed = feed.feed
where batch.batch_id in (
    select max(batch_id) from ops.batch where status in ('accepted', 'rejected') group by feed, source
)
group by feed.feed, feed.title_zh
order by feed.title_zh
"""
_OF_BATCHES = """
select rule, severity, sum(failed_rows) from ops.check_result where batch_id = any(%s) group by rule, severity
order by sum(failed_rows) desc, rule
"""
_OF_THE_BUILD = """
select result.rule, result.severity, result.failed_rows, version.as_of
from ops.check_result as result
inner join ops.version on result.version = version.version
where result.version = (select max(version) from ops.published)
order by result.failed_rows desc, result.rule
"""
_HEAD = """# 校验结果

每个来源最近一批、以及最近一次发布的核对：每条规则有多少行不合。只有计数，没有任何一行的内容。

| 级别 | 意思 |
|---|---|
| 隔离 | 这一行不能用，连同原因另存 |
| 标记 | 这一格读不出或可疑，当作空白，其余照用 |
| 另读 | 写法不同但读出来了，不算缺陷 |
| 核对 | 合计或结构不对，停止发布 |
"""


class SiteError(RuntimeError):
    """The site can't be made; the sentence names the page."""


def write() -> Path:
    """Write the whole site and return its first page.

    Raises BuildFailed when dbt can't describe the project (the warehouse has never been built), DatabaseError when the
    warehouse can't be asked, SiteError when a page is broken.
    """
    dbt.invoke(["docs", "generate", "--static"])
    site = settings().street_var.resolve() / "docs"
    site.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent, prefix=".docs.") as folder:
        source, made = Path(folder) / "source", Path(folder) / "site"
        shutil.copytree(_PAGES, source)
        (source / "checks.md").write_text(checks(), encoding="utf-8")
        build(source, made)
        shutil.copyfile(dbt.folder() / "target" / "static_index.html", made / "dbt.html")
        # Whoever reads the old pages meanwhile reads them to their end.
        old = site.rename(Path(folder) / "old") if site.exists() else None
        made.rename(site)
        if old:
            shutil.rmtree(old)
    site.chmod(0o755)
    return site / "index.html"


def checks() -> str:
    """Return the page of the newest checks: each rule with the number of rows that break it, never a row or a value.

    Raises DatabaseError.
    """
    contracts = {contract.feed: contract for contract in all_contracts()}
    summary, sections = [], []
    with scrubbed(), connect() as connection:
        for feed, title, on, received, quarantined, batches in connection.execute(_NEWEST).fetchall():
            results = connection.execute(_OF_BATCHES, (batches,)).fetchall()
            contract = contracts.get(feed)
            told = [(words(rule, contract) if contract else rule, rule, *rest) for rule, *rest in results]
            summary.append((title, on, f"{received or 0:,}", f"{quarantined or 0:,}", *_passed(told)))
            sections.append(_section(f"{title} {on}", told))
        results = connection.execute(_OF_THE_BUILD).fetchall()
    if results:
        told = [(words(rule, None), rule, *rest) for rule, *rest, _ in results]
        on = results[0][-1]
        summary.append(("建仓核对", on, "", "", *_passed(told)))
        sections.append(_section(f"建仓核对 {on}", told))
    headings = ("来源", "业务日期", "收到（行）", "隔离（行）", "规则", "有不合的规则")
    return "\n".join([_HEAD, _table(headings, summary), *sections])


_Told = tuple[str, str, str, int]
"""A check: in words, by name, its severity, how many rows break it."""


def _passed(told: Sequence[_Told]) -> tuple[int, int]:
    return len(told), sum(failed > 0 and severity != "note" for *_, severity, failed in told)


def _section(title: str, told: Sequence[_Told]) -> str:
    severities = labels("check_severity")
    found = [
        (said, severities[severity], f"{failed:,}", f"`{rule}`") for said, rule, severity, failed in told if failed
    ]
    rest = f"其余 {len(told) - len(found)} 条规则没有一行不合。"
    table = _table(("规则", "级别", "行数", "代号"), found) if found else ""
    return f"## {title}\n\n{table}\n{rest}\n"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def build(source: Path, made: Path) -> None:
    """Let Sphinx make the pages of the folder `source` in `made`; it says nothing. Raises SiteError."""
    from sphinx.application import Sphinx  # noqa: PLC0415 - takes a second, and only this step needs it
    from sphinx.util.docutils import docutils_namespace  # noqa: PLC0415

    warnings = io.StringIO()
    with docutils_namespace():
        app = Sphinx(source, source, made, made.with_name("doctrees"), "html", status=None, warning=warnings)
        app.build()
    (made / ".buildinfo").unlink(missing_ok=True)
    wrong = warnings.getvalue().replace(str(source), "docs").strip()
    if wrong:
        raise SiteError(f"The documentation has broken pages: {wrong}")
