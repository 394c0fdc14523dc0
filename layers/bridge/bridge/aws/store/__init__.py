"""DynamoDB behind the ports of provisioning."""
