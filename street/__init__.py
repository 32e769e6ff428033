"""The ground that the other packages stand on: settings, database, batches, the dbt runner, publishing and access."""
