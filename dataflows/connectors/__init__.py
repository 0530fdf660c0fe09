"""The ends of the flow: logs to read and to write, in Kafka, in files and in memory, behind one pair of protocols."""
