"""The reconcile: compare everything, and bring what differs to the queues. It changes nothing itself."""
