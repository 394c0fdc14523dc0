"""The reconcile: compare everything, and enqueue what differs. It changes nothing itself."""
