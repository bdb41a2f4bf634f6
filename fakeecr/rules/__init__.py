"""The rules of Amazon ECR as pure functions: no database, no clock, no botocore."""
