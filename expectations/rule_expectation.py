"""The one expectation of our own: no row fulfils an SQL condition.

Great Expectations puts the counts of all expectations of this kind into one statement. Import this module inside
functions only (see `expectations.suite`).
"""

from typing import Any

import sqlalchemy as sa
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)


class RowsFollowRule(ColumnMapMetricProvider):
    """How many rows fulfil the condition `offending`."""

    condition_metric_name = "column_values.follow_rule"
    condition_value_keys = ("offending",)
    filter_column_isnull = False

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, offending: str, **_: Any) -> Any:  # noqa: ANN401, ARG002, N805 -- its protocol
        return sa.literal_column(f"coalesce(not ({offending}), true)", sa.Boolean)


class ExpectRowsToFollowRule(ColumnMapExpectation):
    """Expect that no row fulfils the SQL condition `offending`; `column` is the table's row number."""

    rule: str
    offending: str
    map_metric = "column_values.follow_rule"
    success_keys = ("offending", "mostly")
    args_keys = ("column", "rule", "offending")
