"""Pure streaming logic: state and an event in, state and outputs out. No clock, no I/O, no engine."""
