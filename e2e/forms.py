"""The forms of a page, read as a browser without scripts would send them."""

from html.parser import HTMLParser


class Forms(HTMLParser):
    """`found` holds (action, values) for every form of the page, in its order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._select = self._textarea = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.found.append((given.get("action", ""), {}))
        elif not self.found:
            return
        elif tag == "input" and name:
            if given.get("type") not in {"checkbox", "radio", "submit", "file"} or "checked" in given:
                self.found[-1][1][name] = given.get("value", "on" if given.get("type") == "checkbox" else "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in self.found[-1][1]):
            self.found[-1][1][self._select] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            self.found[-1][1][name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.found[-1][1][self._textarea] += data

    def to(self, action: str) -> dict[str, str]:
        """The values of the form that goes there; empty when there is none."""
        return next((fields for where, fields in self.found if where == action), {})
