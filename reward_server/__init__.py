"""A verifier-as-a-service reward server for reinforcement learning with verifiable rewards."""

__version__ = "0.1.0"
