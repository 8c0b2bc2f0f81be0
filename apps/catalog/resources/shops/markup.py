"""Descriptions that other shops keep as web pages: their text, with paragraphs and lists, and nothing else."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

BREAKS = {"br", "tr", "dt", "dd", "figcaption", "option"}
BLOCKS = {
    "address", "article", "blockquote", "div", "dl", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "table", "ul",
}  # fmt: skip
UNSEEN = {"script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title"}
TAG = re.compile(r"<[a-zA-Z/!]")
BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
AROUND = re.compile(r" ?\n ?")
GAPS = re.compile(r"\n{3,}")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in UNSEEN:
            self.unseen += 1
        elif tag == "li":
            self.parts.append("\n• ")
        elif tag in BLOCKS:
            self.parts.append("\n\n")
        elif tag in BREAKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag in BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(data)


def text_of(markup: str) -> str:
    """The text that people see of it. What has no tags keeps its own lines."""
    if not markup:
        return ""
    if not TAG.search(markup):
        text = unescape(markup) if "&" in markup else markup
    else:
        reader = _Text()
        # Line breaks between tags mean nothing on a page.
        reader.feed(re.sub(r"\s*\n\s*", " ", markup) if "<pre" not in markup else markup)
        reader.close()
        text = "".join(reader.parts)
    text = AROUND.sub("\n", BLANKS.sub(" ", text.replace("\r\n", "\n").replace("\x00", "")))
    return GAPS.sub("\n\n", text).strip()
