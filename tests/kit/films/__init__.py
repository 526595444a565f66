"""Films with known content, drawn and encoded by the tests."""
