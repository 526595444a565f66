"""Model servers, and faults on the way to them."""
