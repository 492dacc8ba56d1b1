"""The whole stack, as a user brings it up."""
