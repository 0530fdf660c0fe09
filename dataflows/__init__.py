"""The topologies and everything that touches the world: Bytewax steps, Kafka, files, state, settings, the command line."""
