"""Django's own SQLite backend, whose writers wait for each other evenly. Named by `backoffice.env.database`."""
