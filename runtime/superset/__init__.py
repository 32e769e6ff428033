"""Apache Superset beside the warehouse: the bundle of dashboards that is rendered, and a Superset to try it in."""
