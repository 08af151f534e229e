"""Who may talk to the server: keys, signatures, web pages; and how it refuses what it does not take or support."""
