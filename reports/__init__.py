"""What people see: the daily governance report, drawn from the published marts alone."""
