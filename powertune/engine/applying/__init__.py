"""Puts the answer of a run into effect on AWS, all of it or none of it, and takes it back. Needs no terminal."""
