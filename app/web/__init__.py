"""The HTTP plumbing that the API and the console share: what a request must look like before anybody acts
on it, and what every answer looks like.

It decides statuses, limits, headers, what a log line may hold and how the API documents itself. It knows no
use case: who a caller is, what a purpose permits and what is stored are decided in the rooms below.
"""
