"""Scenarios: what the platform looks at for a time, each one YAML file with its right, its purpose and its end."""
