"""The bridge under simulated histories, and what proves from outside that it kept its promises."""
