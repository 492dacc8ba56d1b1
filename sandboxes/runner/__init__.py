"""What runs inside a sandbox: standard library only. ``__main__`` has the theory of operation."""
