"""Fetch what the departments send: files from the inbox, entries from an HTTP API."""
