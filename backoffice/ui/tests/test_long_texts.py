"""What people wrote does not push the other columns of a list out of sight."""

from backoffice.ui.tables import LongColumn


def test_a_long_text_is_cut_and_whole_when_pointed_at():
    column = LongColumn(empty_text="–")
    assert column.cell("", None) == "–"
    assert column.cell("too dark", None) == "too dark"
    assert column.cell("a" * column.FITS, None) == "a" * column.FITS
    said = 'found "behind" the <oven> when it was cleaned'
    assert column.cell(said, None) == (
        '<span class=cut title="found &quot;behind&quot; the &lt;oven&gt; when it was cleaned">'
        "found &quot;behind&quot; the &lt;oven&gt; when it was cleaned</span>"
    )
