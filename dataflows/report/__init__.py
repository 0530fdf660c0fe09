"""Reports: one HTML file that needs nothing else, of sections, tables and plots."""
