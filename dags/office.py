"""What all DAGs of the office have in common: owner, retries by kind of failure, the failure notice, the schedules.

`street run` triggers each DAG with the business date as its partition key. Each also has its clock or its assets, which
Airflow shows; they fire with STREET_SCHEDULES=true alone (runtime.services: USE_JOB_SCHEDULE).
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import html
import logging
import smtplib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import CronPartitionTimetable, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from reports.mail import MailDeferredError
from sources.failures import PassingError, SourceAwayError
from street import notices
from street.database import DatabaseError, connect
from street.messages import of_system
from street.priority import giving_way
from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable


log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("runtime", "street", "sources", "expectations", "linkage", "reports")

#: Where clocks begin. One that began in the past strikes as soon as it is known: a new office has its first day at
#: once. One that isn't to fire has no beginning, and so shows its next hour.
START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if settings().street_schedules else None
DEFAULTS: dict[str, Any] = {
    "owner": "数据管理员",
    "retries": 3,
    "retry_delay": dt.timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": dt.timedelta(minutes=10),
    "execution_timeout": dt.timedelta(hours=1),
}

# Connection lost, rolled back by a conflict, out of resources, stopped by an operator, locked (PostgreSQL, appendix A).
_PASSING_SQLSTATES = ("08", "40", "53", "55", "57")


def by_clock(cron: str) -> CronPartitionTimetable:
    """Return the timetable of a DAG: its cron in Asia/Shanghai, the business date as partition key."""
    return CronPartitionTimetable(
        cron, timezone="Asia/Shanghai", key_format="%Y-%m-%d", run_immediately=dt.timedelta(0)
    )


def business_date(run: Any) -> dt.date:
    """Return the business date of a DAG run: its partition key (docs/rules.md, R-DAY-1)."""
    if run.partition_key is None:
        raise AirflowFailException("没有业务日期：请带 partition_key（YYYY-MM-DD）触发。")
    return dt.date.fromisoformat(run.partition_key)


def skip_before_the_first_publication() -> None:
    """End the task as skipped while nothing has been published: a clock that strikes on the first start has no news."""
    from street.publish import has_published

    with connect() as connection:
        if not has_published(connection):
            raise AirflowSkipException("还没有发布过数据：第一次建仓之后才有日报和文档。")


def step(kind: str = "python", **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a task (of Airflow's decorator `task.<kind>`) that is retried only when trying again can help.

    Whatever isn't known to pass fails at once: a delivery that is broken stays broken, so does a wrong model.
    Whoever looks at the board goes before it (street.priority).
    """

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def run(*args: object, **kwargs: object) -> object:
            try:
                with giving_way():
                    return function(*args, **kwargs)
            except AirflowException:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, its values must not reach Airflow's log
                told = _told(error)
            raise told  # here, so that the original is not in the chain that Airflow prints

        return getattr(task, kind)(**{"on_failure_callback": notify, **options})(run)

    return decorate


def _told(error: Exception) -> Exception:
    """Return what Airflow may know of an error: our own sentences, of others the kind and the place alone."""
    kind = type(error)
    if kind.__module__.partition(".")[0] in _PACKAGES:
        sentence = f"{kind.__name__}: {error}"
    elif isinstance(error, OSError) and of_system(error):
        sentence = f"{kind.__name__}: {of_system(error)}。"
    else:
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename)]
        place = f"{Path(ours[-1].filename).relative_to(_ROOT)}:{ours[-1].lineno}" if ours else "?"
        sentence = f"{kind.__name__} in {place}"
    return PassingError(sentence) if _may_pass(error) else AirflowFailException(sentence)


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _PACKAGES


def _may_pass(error: Exception) -> bool:
    if isinstance(error, SourceAwayError):
        return False  # asked for as long as is sensible in one run; the next run asks again
    if isinstance(error, DatabaseError):
        return error.sqlstate is None or error.sqlstate.startswith(_PASSING_SQLSTATES)
    return isinstance(error, (PassingError, MailDeferredError, OSError, smtplib.SMTPException))


def notify(context: Any) -> None:
    """Mail those on duty which task failed for which day (R-DAY-9); the reason stands in Airflow, not here.

    Once a day for a task and a reason: a source that is down all day fails every hour.
    """
    recipients = settings().alert_recipients
    failed, run = context["ti"], context["dag_run"]
    title = f"【数据告警】{context['dag'].dag_display_name} {run.partition_key or ''} 未完成"
    if not recipients:
        log.warning("%s：没有设置 ALERT_RECIPIENTS，不寄告警。", title)
        return
    on = dt.date.fromisoformat(run.partition_key) if run.partition_key else dt.date.min
    reason = hashlib.sha256(str(context.get("exception")).encode()).hexdigest()[:16]
    try:
        with connect() as connection:  # committed when the mail has been taken
            if notices.claim(connection, f"{failed.dag_id}.{failed.task_id}", on, reason):
                _mail(recipients, title, failed)
    except DatabaseError:
        _mail(recipients, title, failed)  # twice rather than never


def _mail(recipients: tuple[str, ...], title: str, failed: Any) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    lines = (
        title,
        f"步骤：{failed.task_id}（第 {failed.try_number} 次尝试）",
        "已发布的数据保持不变。",
        f"原因与日志：{failed.log_url}",
    )
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    with SmtpHook() as hook:
        hook.send_email_smtp(to=recipients, from_email=settings().smtp_from, subject=title, html_content=body)
