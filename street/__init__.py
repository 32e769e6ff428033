"""The office: settings, database, batches, publishing, the embedded services and the command line."""
