"""Whatever is typed, scanned, pasted or forged: every input gets an answer, and none of them is an accident.

A visitor walks through all pages once and notes their forms and what their links ask for. Then it sends one input
after the other: a form with some of its fields replaced, an address with another query, a file that was tampered with.
Each is found again by its number: `Fuzz(client, seed).send(17)`.
"""

import csv
import io
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from backoffice import composition
from backoffice.outbox import runner
from backoffice.outbox.models import Directive

LEFT_OUT = {"accounts:logout", "accounts:login"}
HTMX = {"HX-Request": "true"}
HEADERS = ("Referer", "HX-Current-URL", "HX-Trigger", "HX-Prompt", "Accept-Language", "X-Request-ID", "X-Background")
EACH = 2
BIG = 2**63
NASTY: tuple[str, ...] = (
    "", " ", "\t\r\n", "0", "-1", "-0", "+1", "00012", "1_000", "0x10", "1e5", "1e400", "1E-400", "NaN", "sNaN",
    "Infinity", "--1", "1,5", "1.5", "1.234.567,89", "1,234,567.89", "1 000", "1,2,3", ".", ",", "½", "٣",
    "0.0000001", "123456789012.1234567", "999999999999999999999999999999", str(BIG - 1), str(BIG), str(-BIG - 1),
    "99999999999999", "0.00", "100%", "x" * 101, "x" * 5000, "ã" * 300, "😀" * 40, "e\u0301", "\u202e\u200b", "\ufeff",
    "\x00", "a\x00b", "\x1f\x7f", "�", "'; DROP TABLE orders_order; --", '"', "\\", "%", "%s %d %(x)s",
    "{{ 7|add:1 }}{% now %}", "${7*7}", "<script>alert(1)</script>", "</textarea>", "../../../etc/passwd",
    "//evil.example", "javascript:alert(1)", "http://[::1", "a@b", "a@b.c", "=1+1", "@SUM(A1)", "null", "None",
    "True", "on", "[]", "{}", '{"a": [1, {"b": null}]}', "[" * 200, "1,1,1", "1;2", "a=b", "*", "(", "((((", '"a',
    "a:b", "2026-02-30", "2026-02-29", "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "1900-01-01",
    "31/12/2026", "2026-W01", "2026-11-22T23:59:60Z", "0001-01-01T00:00", "9999-12-31T23:59", "24:00", "25:61",
    "-5:00", "12:00:00.0000001", "529.982.247-25", "111.111.111-11", "12.ABC.345/01DE-35", "00000-000",
    "+55 11 91234-5678", "+" + "9" * 40, "7891000315507", "0" * 14, "(01)07891000315507(10)A1(17)261231",
    "]C10107891000315507", "-created", "--name", "pk", "?", "#", "&a=b",
)  # fmt: skip
QUERY = (
    "page",
    "sort",
    "q",
    "tab",
    "after",
    "before",
    "from",
    "to",
    "day",
    "export",
    "next",
    "category",
    "product",
    "per_page",
)
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Form:
    """What a browser would send, field by field, and where to."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    accepts: str = ""


class Reader(HTMLParser):
    """The forms and links of a page."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms, self.links = path, [], []  # type: ignore[var-annotated]
        self._form: Form | None = None
        self._select, self._area = "", ""
        self._chosen, self._text = False, ""
        self._offered, self._input = "", ""  # whose suggestions are read, and whose they would be

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attributes}
        if tag == "a" and (link := said.get("href", "")).startswith(("/", "?")):
            self.links.append(self._whole(link))
        elif tag == "form":
            self._form = Form(self._whole(said.get("action", "")), said.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is None:
            return
        name = said.get("name", "")
        if tag == "button" and name:
            self._form.choices.setdefault(name, []).append(said.get("value", ""))
        if tag == "button" and said.get("formaction"):
            again = Form(self._whole(said["formaction"]), "post", self._form.fields, self._form.choices)
            self.forms.append(again)
        if tag == "datalist":
            self._offered = self._input
        elif tag == "option" and self._offered:
            self._form.choices.setdefault(self._offered, []).append(said.get("value", ""))
        elif tag == "select":
            self._select, self._chosen = name, False
        elif tag == "option" and self._select:
            value = said.get("value", "")
            self._form.choices.setdefault(self._select, []).append(value)
            if "selected" in said or not self._chosen:
                self._chosen = True
                self._form.fields = [
                    pair for pair in self._form.fields if pair[0] != self._select or "selected" in said
                ]
                self._form.fields.append((self._select, value))
        elif tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "input" and name and name != "csrfmiddlewaretoken":
            self._input = name
            kind, value = said.get("type", "text"), said.get("value", "on" if said.get("type") == "checkbox" else "")
            if kind == "file":
                self._form.files.append(name)
            elif kind in ("checkbox", "radio"):
                self._form.choices.setdefault(name, []).append(value)
                if "checked" in said:
                    self._form.fields.append((name, value))
            else:
                self._form.fields.append((name, value))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "datalist":
            self._offered = ""
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area:
            if self._form:
                self._form.fields.append((self._area, self._text.strip()))
            self._area = ""

    def _whole(self, link: str) -> str:
        link = link.partition("#")[0]
        return link if link.startswith("/") else f"{urlsplit(self.path).path}{link}"


@dataclass(frozen=True)
class Input:
    """One thing that was sent."""

    number: int
    method: str
    path: str
    data: Any
    headers: dict[str, str]


@dataclass
class Fuzz:
    """Inputs by number: the same seed and the same pages give the same inputs."""

    client: Client
    seed: int = 0
    slow: float = 20
    answers: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    asked: dict[str, set[str]] = field(default_factory=dict)

    def walk(self) -> None:
        """Open two pages of every address that links lead to; forms of one address are known by what they hold."""
        queue, walked, seen, known = deque(["/"]), set(), Counter[str](), set()
        while queue:
            path = queue.popleft()
            parts = urlsplit(path)
            try:
                name = resolve(parts.path).view_name
            except Resolver404:
                continue
            self.asked.setdefault(name, set()).update(key for key, _value in parse_qsl(parts.query))
            if seen[name] == EACH or path in walked or name in LEFT_OUT or "export=" in path:
                continue
            seen[name] += 1
            walked.add(path)
            answer = self.client.get(path)
            if answer.status_code != 200 or not str(answer.get("Content-Type", "")).startswith("text/html"):
                continue
            self.pages.append(path)
            reader = Reader(path)
            reader.feed(answer.content.decode())
            queue.extend(reader.links)
            for form in reader.forms:
                key = (_name(form.action), form.method, *sorted({name for name, _value in form.fields}))
                if key not in known and _name(form.action) not in {"", *LEFT_OUT}:
                    known.add(key)
                    self.forms.append(form)

    def send(self, number: int) -> None:
        """Send the input of this number and note how it was answered; nothing of it remains."""
        dice = random.Random(f"{self.seed}:{number}")
        self.attempt(self._make(number, dice))

    def attempt(self, sent: Input) -> None:
        """The same for an input of one's own."""
        cookies, began = SimpleCookie(), time.monotonic()
        cookies.update(self.client.cookies)
        with transaction.atomic():
            answer = self._request(sent)
            said = b"".join(_content(answer))
            self._follow(answer)
            transaction.set_rollback(True)
        self.client.cookies = cookies  # also when it signed itself out
        self.answers[answer.status_code] += 1
        took = time.monotonic() - began
        if answer.status_code >= 500 or took > self.slow or b"Traceback (most recent" in said:
            trouble = getattr(answer, "exc_info", None)
            why = f"{trouble[0].__name__}: {trouble[1]}" if trouble else ""
            self.problems.append(f"#{sent.number} {answer.status_code} in {took:.1f} s {sent} {why}"[:1500])

    def _follow(self, answer: HttpResponseBase) -> None:
        """A file that was taken is looked at in the background, and written; both may refuse it in words only."""
        page = str(answer.get("Location", ""))
        if _name(page) != "transfers:run_detail":
            return
        for _step in ("preview", "apply"):
            runner.drain()
            shown = self.client.get(page)
            if shown.status_code >= 500:
                self.problems.append(f"{page}: {shown.status_code}")
            self.client.post(f"{urlsplit(page).path}apply/")
        for failed in Directive.objects.exclude(last_error="").filter(topic__startswith="transfer."):
            self.problems.append(f"{failed}: {failed.last_error[-1200:]}")

    def _request(self, sent: Input) -> Any:
        if sent.method == "get":
            return self.client.get(sent.path, headers=sent.headers)
        if any(isinstance(value, SimpleUploadedFile) for value in sent.data.values()):
            return self.client.post(sent.path, sent.data, headers=sent.headers)
        return self.client.post(
            sent.path, urlencode(sent.data, doseq=True), "application/x-www-form-urlencoded", headers=sent.headers
        )

    def _make(self, number: int, dice: random.Random) -> Input:
        headers = (
            HTMX | {"HX-Target": dice.choice(("table", "dialog", "nonsense", "main", "é"))}
            if dice.random() < 0.3
            else {}
        )
        for name in HEADERS:
            if dice.random() < 0.05:
                headers[name] = dice.choice(NASTY).encode("latin-1", "replace").decode("latin-1")
        way = dice.random()
        if way < 0.3:
            return Input(number, "get", self._address(dice), None, headers)
        form = dice.choice(self.forms)
        fields = [(name, self._value(dice, form, name, value)) for name, value in form.fields]
        wanted = [name for name in form.choices if name not in dict(form.fields)]
        fields += [
            (name, self._value(dice, form, name, dice.choice(form.choices[name])))
            for name in wanted
            if dice.random() < 0.5
        ]
        if dice.random() < 0.1 and fields:
            fields.pop(dice.randrange(len(fields)))
        if dice.random() < 0.1:
            fields.append(dice.choice(fields or [("x", "1")]))
        if form.method == "get":
            return Input(number, "get", f"{urlsplit(form.action).path}?{urlencode(fields)}", None, headers)
        data: dict[str, Any] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        for name in form.files:
            data[name] = _file(dice, form.action)
        return Input(number, "post", form.action, data, headers)

    def _value(self, dice: random.Random, form: Form, name: str, value: str) -> str:
        """Mostly what the page held, so that the rest of the form is looked at too."""
        if not value and form.choices.get(name):
            value = dice.choice(form.choices[name])
        if dice.random() > 0.25:
            return value
        if form.choices.get(name) and dice.random() < 0.5:
            return dice.choice(form.choices[name])
        return dice.choice(NASTY) if dice.random() < 0.8 else value + dice.choice(NASTY)

    def _address(self, dice: random.Random) -> str:
        path = dice.choice(self.pages)
        parts = urlsplit(path)
        if dice.random() < 0.15:  # another thing, that never was
            steps = [
                quote(dice.choice(NASTY[:60]), safe="") if step.isdigit() else step for step in parts.path.split("/")
            ]
            return "/".join(steps)
        known = sorted(
            {
                *self.asked.get(_name(path), ()),
                *(key for form in self.forms if _name(form.action) == _name(path) for key, _v in form.fields),
            }
        )
        names = [dice.choice([*known, *known, *QUERY]) for _time in range(dice.randint(1, 3))]
        asked = dict(parse_qsl(parts.query)) | {name: dice.choice(NASTY) for name in names}
        return f"{parts.path}?{urlencode(asked)}{dice.choice(('', '', '&%ff=%fe', '&q=%c3%28'))}"


def _name(path: str) -> str:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


def _content(answer: Any) -> Iterator[bytes]:
    return iter(answer.streaming_content) if answer.streaming else iter((answer.content,))


def _file(dice: random.Random, action: str) -> SimpleUploadedFile:
    """For an import a table with its headings, some cells as they should be; anything for everything else."""
    importer = import_string(composition.IMPORTS[found]) if (found := _key(action)) else None
    columns = [(column.name, column.example) for column in importer.columns] if importer else [("x", "1")]
    if dice.random() < 0.3:
        columns = dice.sample(columns, dice.randint(1, len(columns)))
    if dice.random() < 0.2:
        columns.append(dice.choice([*columns, ("x" * 300, "")]))
    mostly = dice.choice((0.2, 0.7, 0.95))
    rows = [
        [example if dice.random() < mostly else dice.choice(NASTY) for _name, example in columns]
        for _row in range(dice.randint(0, 6))
    ]
    table = [[name for name, _example in columns], *rows]
    kind = dice.choice(("csv", "csv", "xlsx"))
    if kind == "xlsx":
        content = _workbook(table)
    else:
        out = io.StringIO()
        csv.writer(out, delimiter=dice.choice(",;\t")).writerows(table)
        content = out.getvalue().encode(dice.choice(("utf-8", "utf-16", "cp1252")), "replace")
    if dice.random() < 0.15:
        cut = dice.randrange(len(content) or 1)
        content = dice.choice(
            (b"", content[:cut], content[:cut] + b"\x00\xff" + content[cut:], PNG + content, b"PK\x03\x04")
        )
    return SimpleUploadedFile(
        dice.choice((f"a.{kind}", f"a.{kind}", "a.csv", "a.xlsx", "a.png", "a", "ã" * 90 + ".csv")), content
    )


def _key(action: str) -> str:
    key = action.strip("/").rpartition("/")[2]
    return key if _name(action) == "transfers:upload" and key in composition.IMPORTS else ""


def _workbook(table: list[list[str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in table:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell)[:32000] for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
