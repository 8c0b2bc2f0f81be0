"""The screens of customers and loyalty."""
