"""What AWS defines: the service model, its limits, and JSON 1.1 on the wire."""
