import phonenumbers
import pytest
from django.core.exceptions import ValidationError

from apps.crm.models import documents, phones

from .build import CNPJ, CNPJ_WITH_LETTERS, CPF


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        (CPF, "52998224725"),
        ("52998224725", "52998224725"),
        (" 529 982 247 25 ", "52998224725"),
        (CNPJ, "11222333000181"),
        (CNPJ_WITH_LETTERS, "12ABC34501DE35"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
    ],
)
def test_documents_are_kept_without_separators(written: str, kept: str) -> None:
    assert documents.normalise(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "111.111.111-11",
        "000.000.000-00",
        "11.111.111/1111-11",
        "529.982.247-26",
        "11.222.333/0001-82",
        "12.ABC.345/01DE-36",
        "1234",
        "529982247251",
        "abc.def.ghi-jk",
        "٥٢٩٩٨٢٢٤٧٢٥",
        "12ABC34501DEXX",
    ],
)
def test_documents_that_were_never_issued_are_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        documents.normalise(written)


def test_documents_are_shown_formatted_and_masked() -> None:
    assert documents.formatted("52998224725") == CPF
    assert documents.formatted("12ABC34501DE35") == CNPJ_WITH_LETTERS
    assert documents.masked("52998224725") == "•••.982.•••-25"
    assert "ABC" in documents.masked("12ABC34501DE35")
    assert "12ABC34501DE35" not in documents.masked("12ABC34501DE35").replace(".", "")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        ("(41) 98840-2217", "+5541988402217"),
        ("41 98840 2217", "+5541988402217"),
        ("+55 41 98840-2217", "+5541988402217"),
        ("+44 131 496 0000", "+441314960000"),
    ],
)
def test_telephones_are_kept_as_e164(written: str, kept: str) -> None:
    assert phones.normalise(written) == kept


@pytest.mark.parametrize("written", ["98840", "abc", "(00) 1234-5678", "+55"])
def test_telephones_nobody_answers_are_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        phones.normalise(written)


@pytest.mark.parametrize("phone", ["+5541988402217", "+554133330101", "+441314960000"])
def test_the_short_way_to_format_a_telephone_says_what_the_library_says(phone: str) -> None:
    said = phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    assert phones.formatted(phone) == said
    assert phones.formatted("nonsense") == "nonsense"
