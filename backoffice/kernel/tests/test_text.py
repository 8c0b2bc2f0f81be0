import pytest

from backoffice.kernel.text import fold


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  Pão  FRANCÊS ", "pao frances"),
        ("Pa\u0303o", "pao"),
        ("Straße", "strasse"),
        ("½ kg", "1⁄2 kg"),
        ("ＡＢＣ\u00a01", "abc 1"),
        ("𝐀𝐛", "ab"),
        ("", ""),
    ],
)
def test_text_is_compared_without_accents_case_and_double_blanks(text, plain):
    assert fold(text) == plain


def test_folding_twice_changes_nothing():
    signs = [chr(point) for point in range(0x20, 0x3000)]

    assert [sign for sign in signs if fold(fold(sign)) != fold(sign)] == []
