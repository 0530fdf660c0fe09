"""The scorers: event encoding, the BERT model, training, calibration and checkpoints."""
