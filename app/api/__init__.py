"""The REST door: routes translate HTTP to one use case and back. The table of contents is `router`."""
