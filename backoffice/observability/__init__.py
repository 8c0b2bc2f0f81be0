"""What tells how the house is doing: health, request ids, structured logs, error pages."""
