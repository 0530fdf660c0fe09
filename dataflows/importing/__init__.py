"""Foreign tables (CSV, Parquet) to events and labels, by a mapping file."""
