"""The documentation site, once a day while the schedules are on; `street docs` writes it at any time."""

from __future__ import annotations

from airflow.sdk import DAG
from office import DEFAULTS, START, by_clock, skip_before_the_first_publication, step

with DAG(
    dag_id="docs",
    dag_display_name="文档 · 模型、字典与校验结果",
    description="每天 08:00 更新文档站：校验结果只有计数，没有任何一行的内容。",
    doc_md="写到 `STREET_VAR/docs`。重跑安全；与数据的发布和日报无关。",
    schedule=by_clock("0 8 * * *"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["文档"],
    default_args=DEFAULTS,
):

    @step(task_display_name="生成")
    def write() -> None:
        from runtime import site

        skip_before_the_first_publication()
        site.write()

    write()
