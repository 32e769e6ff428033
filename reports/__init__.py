"""What people see: the daily governance report."""
