"""The composition root: HTTP, command line and jobs over one `Service`; nothing imports it."""
