"""Wire models, one file a resource: what a body may hold and what an answer looks like, with the examples of OpenAPI."""
