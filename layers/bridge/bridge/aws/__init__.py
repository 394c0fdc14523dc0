"""AWS: the state table, queues, secrets, notifications, metrics, and the clients of both sides."""
