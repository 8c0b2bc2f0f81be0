"""What changes customers and points."""
