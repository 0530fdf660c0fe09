"""The topologies, and everything that touches the world: steps, Kafka, files, state, settings, the command line."""
