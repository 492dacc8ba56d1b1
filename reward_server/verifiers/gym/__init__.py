"""Tasks of reasoning-gym, each judged by its own scorer."""

from reward_server.verifiers.gym.verifier import Gym

__all__ = ["Gym"]
