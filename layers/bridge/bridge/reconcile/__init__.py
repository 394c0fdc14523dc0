"""The reconcile: compare everything, and bring what differs to the lanes. It changes nothing itself."""
