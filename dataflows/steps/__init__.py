"""The Bytewax steps, one a file: thin wrappers over the operators, named by constants that are the keys of recovery."""
