"""What is read about customers."""
