"""Abuse with ground truth: what wrongdoers do, and how it comes to light."""
