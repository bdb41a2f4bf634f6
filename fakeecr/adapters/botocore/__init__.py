"""The adapter for botocore, and so for boto3: its ECR calls are answered before anything is sent."""
