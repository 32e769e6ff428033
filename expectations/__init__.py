"""What we insist on: contract -> Great Expectations suite, the gate and the quarantine."""
