"""What holds an environment to its CPU share and memory size, whichever way this machine permits."""
