"""The machine: services, the scheduler, the day, what is rendered, the command line."""
