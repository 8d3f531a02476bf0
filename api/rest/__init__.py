"""REST: one module a subject, each adding its routes to the application's router."""
