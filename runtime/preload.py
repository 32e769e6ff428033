"""Import packages once, then become another module: `python -m runtime.preload PACKAGE... -- MODULE ARGUMENT...`.

Airflow's scheduler forks a process for each task. Whatever the scheduler has imported, its tasks need not import again:
Great Expectations and dbt take seconds each time (docs/decisions/0004-preload-the-scheduler.md). Only third-party
packages are named here, so an edited module of the project is read afresh by the next task.
"""

from __future__ import annotations

import importlib
import logging
import runpy
import sys


def main() -> None:
    """Import, then run. A package that is missing is left to the task that needs it, whose error says so."""
    separator = sys.argv.index("--")
    packages, sys.argv = sys.argv[1:separator], sys.argv[separator + 1 :]
    logging.disable(logging.WARNING)  # what packages tell about their own import is no news
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            sys.stderr.write(f"Not preloaded: {package} ({type(error).__name__}).\n")
    logging.disable(logging.NOTSET)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
