"""Log lines as JSON, with the request's id, and without what belongs to a person."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from backoffice.observability import trace

MASK = "•••"

# Order matters: a token may look like anything, so it goes first; digits with a plus are a phone before they are a CPF.
PRIVATE = (
    (
        re.compile(
            r"(?i)\b(authorization|token|secret|password|senha|api[_-]?key|sessionid|csrf\w*)\b"
            r"(['\"]?\s*[=:]\s*(?:(?:bearer|basic)\s+)?)(['\"]?)[^\s'\",;&]{6,}\3"
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), MASK),
    (re.compile(r"\b[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}\b"), MASK),
    (re.compile(r"(?<![\w.-])\d{14}(?![\w-])"), MASK),
    (re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b"), MASK),
    (re.compile(r"\+\d[\d ()-]{8,18}\d\b"), MASK),
    (re.compile(r"(?<!\w)\(?\d{2}\)?[ -]?9?\d{4}-\d{4}(?![\w-])"), MASK),
    (re.compile(r"(?<![\w.-])\d{10,11}(?![\w-])"), MASK),
)


def mask(text: str) -> str:
    """The text without CPF, CNPJ, e-mail addresses, phone numbers and secrets."""
    for pattern, replacement in PRIVATE:
        text = pattern.sub(replacement, text)
    return text


class MaskPrivate(logging.Filter):
    """Masks the message and the traceback of every record, before any formatter sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg = mask(record.getMessage())
        except (TypeError, ValueError):  # a wrong format string must not hide the line
            record.msg = mask(f"{record.msg} {record.args!r}")
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := trace.current():
            line["request_id"] = request_id
        if isinstance(data := getattr(record, "data", None), dict):
            line |= {key: value for key, value in data.items() if key not in line}
        if record.exc_info:
            line["exception"] = record.exc_text or mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
