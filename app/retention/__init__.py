"""What the clock asks for: which fields have fallen due, and the sweep that has them erased."""
