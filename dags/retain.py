"""Retention, once a day before the build: what is over is removed, and it says what (docs/rules.md, Retention)."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import DAG
from office import DEFAULTS, START, business_date, by_clock, step

log = logging.getLogger(__name__)

with DAG(
    dag_id="retain",
    dag_display_name="到期删除 · 各处保存期限已满的数据",
    description="每天 05:30 删除保存期限已满的一切，并记下删了多少、依据哪一条。",
    doc_md=(
        "期限来自各来源的契约。从原始记录、隔离的行、收到的文件、中间表、旧版本、关联记忆到邮件和日志，逐处删除；"
        "记入 `ops.removal`，每条记录留下 `ops.tombstone`（没有任何内容）。\n\n"
        "重跑安全：被中断的接着删完。演练：`street retain --dry-run`。被删除的日期不能再跑。"
    ),
    schedule=by_clock("30 5 * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["到期删除"],
    default_args=DEFAULTS,
):

    @step(task_display_name="删除")
    def remove(dag_run: Any = None) -> None:
        from street import access, retention
        from street.database import connect

        with connect() as connection:
            for role in access.end_overdue(connection):
                log.info("登录 %s 查看人员数据的期限已过，已收回。", role)
            for each in retention.carry_out(connection, business_date(dag_run)):
                log.info(
                    "%s%s：%d %s（%s）",
                    each.place.title_zh, f" {each.feed}" if each.feed else "", each.items, each.place.unit_zh,
                    each.place.rule,
                )  # fmt: skip

    remove()
