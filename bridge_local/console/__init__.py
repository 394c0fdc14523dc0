"""The console: a page on the bridge, on both sides of it, and on what waits for somebody."""

from bridge_local.console.site import Console

__all__ = ["Console"]
