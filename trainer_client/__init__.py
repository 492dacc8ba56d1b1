"""Client of the reward server, adapters for trainers, and our own GRPO/DAPO trainer."""
