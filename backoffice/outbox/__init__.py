"""The outbox: side effects as rows, carried out at least once, visible and retryable.

`directives.issue(…)` inside the business transaction writes the row; the worker (Huey) is only woken by it. What runs a
topic is named in `composition.DIRECTIVE_HANDLERS`.
"""
