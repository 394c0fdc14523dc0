"""The consumer: batches of messages, one sync for each entity."""
