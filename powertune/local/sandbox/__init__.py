"""What separates a function from the machine: a root folder, a process table and a /tmp of its own."""
