"""The documentation site, `STREET_VAR/docs`: what the models are, what the columns mean, how the checks went.

The page of checks stands where Great Expectations would put its Data Docs: those print offending values and samples of
rows, which may leave no database here. `ops.check_result` holds counts alone.
"""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from street import dbt
from street.database import connect, scrubbed
from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGES = Path(__file__).resolve().parent.parent / "docs"
_TITLES = {
    "architecture": "架构 · Architecture",
    "data_dictionary": "数据字典 · Data dictionary",
    "privacy": "个人信息处理说明 · Privacy",
    "rules": "规则 · Rules",
    "runbook": "运维手册 · Runbook",
    "glossary": "术语对照 · Glossary",
}
_PICTURE = re.compile(r'<img src="(images/[a-z_]+\.svg)"[^>]*>')
_SEVERITIES = {"quarantine": "隔离", "flag": "标记", "batch": "整批", "error": "核对", "note": "另读"}

_FRAME = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ font: 16px/1.6 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; margin: 2rem auto;
  max-width: 70rem; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; font-size: 14px; }}
th, td {{ border: 1px solid #ccd; padding: .25rem .5rem; text-align: left; vertical-align: top; }}
th {{ background: #f2f4f8; }} code {{ background: #f4f4f6; }} pre {{ overflow-x: auto; }}
.bad {{ color: #a40000; }}
</style></head><body><p><a href="index.html">街道治理数据仓库 · 文档</a></p>
{body}
</body></html>
"""

_CHECKS = """
select coalesce(feed.title_zh, '建仓核对'), coalesce(batch.business_date, version.as_of), result.batch_id, result.rule,
    result.severity, result.passed, result.failed_rows, to_char(result.checked_at, 'YYYY-MM-DD HH24:MI')
from ops.check_result as result
left join ops.batch on result.batch_id = batch.batch_id
left join ops.feed on batch.feed = feed.feed
left join ops.version on result.version = version.version
where result.batch_id in (
    select max(batch_id) from ops.batch where status in ('accepted', 'rejected') group by feed, source
) or result.version = (select max(version) from ops.published)
order by 1, 3, result.passed, result.severity, result.rule
"""


def write() -> Path:
    """Write the whole site and return its first page.

    Raises BuildFailed when dbt can't describe the project (the warehouse has never been built), DatabaseError when the
    warehouse can't be asked.
    """
    site = _site()
    dbt.invoke(["docs", "generate", "--static"])
    shutil.copyfile(dbt.folder() / "target" / "static_index.html", site / "dbt.html")
    write_checks()
    convert = MarkdownIt("commonmark").enable("table")
    for name, title in _TITLES.items():
        body = convert.render((_PAGES / f"{name}.md").read_text(encoding="utf-8"))
        _write(site / f"{name}.html", title, _PICTURE.sub(_drawn, body.replace('.md"', '.html"')))
    links = {"dbt": "模型与血缘 · dbt", **_TITLES, "checks": "校验结果 · Checks"}
    body = "".join(f'<li><a href="{name}.html">{html.escape(title)}</a></li>' for name, title in links.items())
    return _write(site / "index.html", "文档", f"<h1>文档</h1><ul>{body}</ul>")


def write_checks() -> Path:
    """Write the page of the newest checks: each rule with the number of rows that break it, never a row or a value.

    Raises DatabaseError.
    """
    with scrubbed(), connect() as conn:
        results = conn.execute(_CHECKS).fetchall()
    rows = [
        (title, on, batch_id, rule, _SEVERITIES[severity], "通过" if passed else "未通过", failed, checked_at)
        for title, on, batch_id, rule, severity, passed, failed, checked_at in results
    ]
    headings = ("来源", "业务日期", "批次", "规则", "级别", "结果", "行数", "校验时间")
    broken = sum(row[5] != "通过" for row in rows)
    summary = f"<h1>校验结果</h1><p>共 {len(rows)} 项，{broken} 项未通过。只有计数，没有任何一行的内容。</p>"
    return _write(_site() / "checks.html", "校验结果", summary + _table(headings, rows))


def _drawn(image: re.Match[str]) -> str:
    """A picture itself in the place of the reference to it: each page is one file."""
    return (_PAGES / image[1]).read_text(encoding="utf-8")


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings)
    lines = "".join(
        f"<tr{' class=bad' if '未通过' in row else ''}>"
        + "".join(f"<td>{'' if cell is None else html.escape(str(cell))}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _site() -> Path:
    site = settings().street_var.resolve() / "docs"
    site.mkdir(mode=0o755, parents=True, exist_ok=True)
    return site


def _write(path: Path, title: str, body: str) -> Path:
    path.write_text(_FRAME.format(title=html.escape(title), body=body), encoding="utf-8")
    return path
