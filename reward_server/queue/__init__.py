"""The queue: what the service and the worker need of it, and Redis Streams."""
