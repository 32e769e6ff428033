"""The morning report: render -> send. It never waits for a late feed, it names it (docs/rules.md, The day)."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG
from office import DEFAULTS, START, business_date, by_clock, skip_before_the_first_publication, step

from street.vocabulary import STREET_NAME

with DAG(
    dag_id="report__daily_governance",
    dag_display_name=f"日报 · {STREET_NAME}数据治理日报",
    description="由已发布的数据生成日报，并寄给每位收件人，每人每天一次。",
    doc_md=(
        f"每天 07:30（上海时间）由已发布的数据集市生成《{STREET_NAME}数据治理日报》并寄出；"
        "不等迟到的名单，只点它的名。\n\n"
        "分区键为业务日期。还没有发布过数据时不生成。"
        "重跑安全：同一收件人同一天只寄一次。文件保存在 `STREET_VAR/reports/<日期>/`。"
    ),
    schedule=by_clock("30 7 * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["日报"],
    default_args=DEFAULTS,
):

    @step(task_display_name="生成")
    def render(dag_run: Any = None) -> None:
        from reports.daily import render as render_report

        skip_before_the_first_publication()
        render_report(business_date(dag_run))

    @step(task_display_name="寄出")
    def send(dag_run: Any = None) -> None:
        from reports.mail import send as send_report
        from street.settings import settings

        send_report(business_date(dag_run), settings().report_recipients)

    render() >> send()
