"""What a registry does, whatever the entry point: the JSON API, a test's own pushes, replication, or a daily run."""
