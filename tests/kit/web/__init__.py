"""Pages that are served during a test, and requests as no browser would send them."""
