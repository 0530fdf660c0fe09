"""Unit tests of policies, written in TOML beside them."""
