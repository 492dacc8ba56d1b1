"""Reinforcement learning with verifiable rewards, on top of TRL's GRPO trainer."""
