"""The demo: a simulated shop streams into the flow on this machine, and its decisions are held against the truth."""
