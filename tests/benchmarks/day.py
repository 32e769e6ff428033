"""Time one business day of a street of its own: `python tests/benchmarks/day.py [--persons N] [--top N]`.

Prints the seconds of each Airflow task and of the slowest dbt nodes; stops and removes everything.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from runtime.day import INGEST, REPORT, WAREHOUSE
from sample.generate import BUSINESS_DATE, FULL_SIZE, generate

STREET = Path(sys.executable).with_name("street")
NODES = "select round(seconds::numeric, 2), rows_affected, node from ops.node_run order by seconds desc limit {}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=FULL_SIZE)
    parser.add_argument("--top", type=int, default=15, help="how many dbt nodes to list")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="street-bench-") as folder:
        os.environ["STREET_VAR"] = folder
        generate(Path(folder) / "sample", BUSINESS_DATE, arguments.persons, 1)
        try:
            subprocess.run([STREET, "up"], check=True)
            subprocess.run([STREET, "run"], check=True)
            _tell_tasks()
            subprocess.run([STREET, "sql", NODES.format(arguments.top)], check=True)
        finally:
            subprocess.run([STREET, "down"], check=False)


def _tell_tasks() -> None:
    from runtime.supervisor import Supervisor  # noqa: PLC0415
    from sources.contract import all_contracts  # noqa: PLC0415 - after STREET_VAR is set

    prefix = f"day__{BUSINESS_DATE}__"
    with Supervisor().airflow() as api:
        for dag in (*(f"{INGEST}{contract.feed}" for contract in all_contracts()), WAREHOUSE, REPORT):
            for run in api.runs(dag, prefix):
                for task in api.tasks(dag, run.run_id):
                    sys.stdout.write(f"{task.seconds:8.2f} s  {dag}.{task.task_id}\n")


if __name__ == "__main__":
    main()
