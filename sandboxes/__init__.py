"""What goes inside a sandbox: the runner, one folder for each image, policy."""
