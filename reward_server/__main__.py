"""``python -m reward_server`` is the command line."""

from reward_server.cli import main

if __name__ == "__main__":
    main()
