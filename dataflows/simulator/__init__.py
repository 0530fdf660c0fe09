"""A seeded shop: honest people with habits, abuse with ground truth, and labels that come late."""
