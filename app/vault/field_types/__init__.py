"""What a personal value may look like and how little of it can be shown: one module a type.

`catalogue.field_type` is the way in. A type parses what was submitted (and gives back the very same value:
what is stored is what was written), normalises it for the blind index, masks it and generalises it: values
in, values out. Nothing here knows who asks or why, reads a clock, or touches a database; an error names the
place and the mistake, never the value.
"""
