"""The spine: store, disclose, search, tokens. The only room that turns sealed bytes into values, and values into forms."""
