"""What arrives: a contract per feed, the connectors that fetch, the readers, and landing."""
