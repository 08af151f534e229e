"""What the operating system knows: processes and whose they are, processors, and its clock."""
