"""The REST routes described for programs and people: OpenAPI in full, and Swagger UI to read and try them."""
