"""Kín: a vault for personal data that runs the shop's privacy notice. The rooms and their order: docs/architecture.md."""
