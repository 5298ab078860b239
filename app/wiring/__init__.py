"""The composition root: settings become the running parts, built once. The only room that reads the settings."""
