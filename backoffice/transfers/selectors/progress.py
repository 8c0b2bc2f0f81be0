"""How far a run is, in numbers for its page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from backoffice.kernel import clock
from backoffice.transfers import files
from backoffice.transfers.models import TransferRow, TransferRun

WIDTH = 1000
OUTCOMES = (("fo", "new"), ("f1", "changed"), ("fp", "unchanged"), ("fb", "refused"))


@dataclass(frozen=True)
class Segment:
    """One coloured part of the bar, in thousandths of its width; as text, because 1,000 is no width."""

    css: str
    x: str
    width: str


@dataclass(frozen=True)
class Progress:
    """Done of total, in percent, the time that may be left, and the bar."""

    done: int
    total: int
    percent: int
    left: timedelta | None
    segments: list[Segment]


def of(run: TransferRun) -> Progress:
    """The step that runs, or ran last."""
    done, total = run.steps_done
    started = run.undo_started_at or run.apply_started_at or run.check_started_at
    left = None
    if run.is_busy and started and 0 < done < total:
        spent = clock.now() - started
        left = timedelta(seconds=round(spent.total_seconds() * (total - done) / done))
    return Progress(done, total, run.percent, left, _bar(run))


def _bar(run: TransferRun) -> list[Segment]:
    rows = [(css, getattr(run, name)) for css, name in OUTCOMES]
    # Several lines may make one row, so the bar is of rows, as far as they are known; the rest stays empty.
    known = sum(count for _css, count in rows)
    if not known or not run.total:
        return []
    shown = WIDTH * run.checked // run.total if run.check_finished_at is None else WIDTH
    segments, x = [], 0
    for css, count in rows:
        if count:
            width = max(4, shown * count // known)
            segments.append(Segment(css, str(x), str(min(width, WIDTH - x))))
            x = min(WIDTH, x + width + 4)
    return segments


def left_out(run: TransferRun) -> int:
    """How many rows were unticked."""
    return run.rows.filter(left_out=True).count()


def waiting(run: TransferRun) -> int:
    """How many rows applying would write now."""
    return run.rows.to_apply().count()


def refused(run: TransferRun) -> Iterator[tuple[TransferRow, list[str]]]:
    """Every refused row with its cells as written. What was refused while applying is looked up in the file again."""
    late = set(run.rows.filter(state=TransferRow.State.REFUSED).values_list("line", flat=True))
    written: dict[int, list[str]] = {}
    if late:
        with run.file.open("rb") as file, files.opened(file, kind=run.file_format, style=run.style) as sheet:
            written = {line: cells for line, cells in sheet.lines if line in late}
    for row in run.rows.refused().order_by("line", "pk").iterator(chunk_size=1000):
        yield row, row.data.get("cells") or written.get(row.line, [])
