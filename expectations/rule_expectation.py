"""The one expectation of our own: no row fulfils an SQL condition.

Great Expectations puts the counts of all expectations of this kind into one statement. An aggregate, not a map of a
column, which asks for several metrics a rule: 65 rules of a small list take 0.18 s instead of 0.43. Import this module
inside functions only (see `expectations.suite`).
"""

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import ColumnAggregateExpectation
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_partial,
)


class RowsBreakingRule(ColumnAggregateMetricProvider):
    """How many rows fulfil the condition `offending`."""

    metric_name = "column.rows_breaking_rule"
    value_keys = ("offending",)

    @column_aggregate_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, offending: str, **_: Any) -> Any:  # noqa: ANN401, ARG002, N805 -- its protocol
        return sa.literal_column(f"count(*) filter (where {offending})", sa.Integer)


class ExpectRowsToFollowRule(ColumnAggregateExpectation):
    """Expect that no row fulfils the SQL condition `offending`; `column` is the table's row number."""

    rule: str
    offending: str
    metric_dependencies: ClassVar[tuple[str, ...]] = ("column.rows_breaking_rule",)
    success_keys: ClassVar[tuple[str, ...]] = ("offending",)
    args_keys: ClassVar[tuple[str, ...]] = ("column", "rule", "offending")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 -- its protocol
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        broken = metrics["column.rows_breaking_rule"]
        return {"success": broken == 0, "result": {"observed_value": broken}}
