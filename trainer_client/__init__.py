"""Client of the reward server, adapters for trainers, and our own GRPO/DAPO trainer."""

from trainer_client.client import AsyncRewardClient, RewardClient
from trainer_client.errors import (
    IncompatibleServer,
    RequestRejected,
    RewardClientError,
    ServerUnreachable,
    Unauthorized,
)
from trainer_client.exchange import RetryPolicy
from trainer_client.wire import Item, ItemResult, Outcome, Verdict

__all__ = [
    "AsyncRewardClient",
    "IncompatibleServer",
    "Item",
    "ItemResult",
    "Outcome",
    "RequestRejected",
    "RetryPolicy",
    "RewardClient",
    "RewardClientError",
    "ServerUnreachable",
    "Unauthorized",
    "Verdict",
]
