"""SQL queries judged by what they return on databases that the model never saw."""

from reward_server.verifiers.sql.verifier import Sql

__all__ = ["Sql"]
