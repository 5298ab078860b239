"""The schema's history, applied by `kin migrate`; `create_all` is used nowhere."""
