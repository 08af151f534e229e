"""`powertune run` with several functions: which, how they are reached, what is asked, shown and written."""
