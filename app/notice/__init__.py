"""What the shop promised, and what follows from it for every read and write.

A notice is TOML that `parse` turns into a `Notice`, `check` judges, `table` compiles and `decide` answers
from; `matrix` and `explain` show people the same answers. Those parts are pure: values in, values out. The
rest keeps versions of notices, who approved them, and which one is active. Nothing about access to fields is
decided anywhere else.
"""
