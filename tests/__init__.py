"""The tests. A package only so that `tests.support` has a name; each folder of tests stands for itself."""
