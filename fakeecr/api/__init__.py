"""ECR's JSON API on the wire: the service model, validation, published limits, JSON 1.1, partitions."""
