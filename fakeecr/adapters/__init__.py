"""How calls come in: one module a client, each thin, with everything else behind the service."""
