"""HTTP only: wire format, routes, guards."""
