"""The file of refused lines comes back to its import: what stands beside the lines is none of its columns."""

import pytest
from django.utils import translation
from django.utils.translation import gettext as _

from backoffice.composition import IMPORTS
from backoffice.transfers import imports
from backoffice.transfers.services import runs


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("key", sorted(IMPORTS))
def test_what_stands_beside_refused_lines_means_nothing_to_the_import(key: str, language: str) -> None:
    columns = imports.find(key).columns
    with translation.override(language):
        assert runs.match(columns, [_("Why refused"), _("Line"), _("Column")]) == {}
