"""The same HTML as a PDF, where the server can make one."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.utils.translation import gettext as _

from backoffice.kernel.errors import DomainError


class NoPrinter(DomainError):
    """The PDF library, or the system library that it needs, is not there."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This server cannot make PDFs: its text library (pango) is missing. "
                "Open the sheet and print it; the browser can save it as PDF."
            )
        )


def answer(html: str, name: str) -> HttpResponse:
    """The page as a PDF file. Only the house's own style sheets are read. Raises NoPrinter."""
    try:
        from weasyprint import HTML  # slow to import, and its system library may be missing
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except (ImportError, OSError) as error:
        raise NoPrinter from error

    class OwnFilesOnly(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            path = urlsplit(url).path
            if not path.startswith(settings.STATIC_URL) or PurePosixPath(path).suffix != ".css":
                raise ValueError(f"Not ours: {url}")
            found = finders.find(path.removeprefix(settings.STATIC_URL))
            if not isinstance(found, str):
                raise ValueError(f"Not there: {url}")
            with open(found, "rb") as sheet:
                return URLFetcherResponse(url, body=sheet.read(), headers={"Content-Type": "text/css"})

    content = HTML(string=html, base_url="http://sheet.invalid/", url_fetcher=OwnFilesOnly()).write_pdf()
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response
