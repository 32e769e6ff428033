"""Run a contract's rules as a Great Expectations suite, in memory, pushed down to SQL.

The result carries counts alone: BASIC with no partial list, so no value of a row ever leaves the database. Great
Expectations is imported inside the functions: it takes seconds, and only validation needs it.
"""

import logging
import os
from collections.abc import Sequence

import sqlalchemy

from expectations.checks import Check
from street.settings import settings


class SuiteError(RuntimeError):
    """A rule couldn't be evaluated; the sentence names the feed, the batch's table and the rule, never a value."""


def count(table: str, checks: Sequence[Check], *, schema: str = "raw", row_key: str = "_row_no") -> dict[str, int]:
    """Evaluate every rule on one table and return, by rule, how many rows break it.

    All rules are one SQL statement. `row_key` is a column that is never null.

    Raises:
        SuiteError: a rule couldn't be evaluated.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx  # noqa: PLC0415 -- see the module's docstring
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    from expectations.rule_expectation import ExpectRowsToFollowRule  # noqa: PLC0415

    # Its loggers print failing statements with the driver's message; SuiteError says what may be said.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres("warehouse", connection_string=_connection_string(schema))
    try:
        batch = source.add_table_asset(table, table_name=table).add_batch_definition_whole_table("batch").get_batch()
        suite = gx.ExpectationSuite(
            name=table,
            expectations=[
                ExpectRowsToFollowRule(column=row_key, rule=check.rule, offending=check.offending) for check in checks
            ],
        )
        results = batch.validate(
            suite,
            result_format={
                "result_format": "BASIC",  # a third cheaper than SUMMARY, and the counts are all we ask for
                "partial_unexpected_count": 0,
                "return_unexpected_index_query": False,
            },
        ).results
    finally:
        source.get_execution_engine().close()
    counts: dict[str, int] = {}
    for check, result in zip(checks, results, strict=True):
        rule = check.rule
        if result.exception_info.get("raised_exception", True):
            raise SuiteError(
                f"{schema}.{table}: the rule {rule} can't be evaluated: check the contract and the schema rules."
            )
        counts[rule] = int(result.result.get("observed_value") or 0)
    return counts


def _connection_string(schema: str) -> str:
    url = sqlalchemy.make_url(settings().warehouse_url or "")
    options = f"-csearch_path={schema} -ctimezone=Asia/Shanghai"
    named = url.set(drivername="postgresql+psycopg").update_query_dict({"options": options})
    # A dollar sign would be taken for a variable of the configuration.
    return named.render_as_string(hide_password=False).replace("$", "%24")
