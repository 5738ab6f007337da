"""What the tests stand on: real servers, a browser, and a reader of pages that misses nothing."""
