"""What arrives: one contract a feed, fetching, landing; the sample street."""
