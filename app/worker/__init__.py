"""What is done by the clock and not by a call: the schedule as a table, and the loop that keeps it."""
