"""Pictures and videos of products: their files, and what is done with them on the product's page."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.models import Product, ProductMedia
from apps.catalog.models.media import FOLDER
from apps.catalog.services import media
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.forms import Form
from backoffice.ui.permissions import command, requires
from backoffice.ui.screens import ActionScreen

from .seen import SeenScreen

NAME = re.compile(r"([0-9a-f]{32})(-\d+)?\.webp\Z")
EVENT = ("catalog-productmedia", "catalog-product")
MOST_AT_ONCE = 20


@requires("catalog.view_product")
def file(request: HttpRequest, name: str) -> HttpResponse:
    """A picture or its thumbnail, from wherever the storage keeps it; the whole one until the thumbnail is made."""
    match = NAME.match(name)
    if match is None:
        raise Http404
    lasting = default_storage.exists(f"{FOLDER}/{name}")
    found = f"{FOLDER}/{name}" if lasting else f"{FOLDER}/{match[1]}.webp"
    if not lasting and not default_storage.exists(found):
        raise Http404
    answer = FileResponse(default_storage.open(found), content_type="image/webp")
    # A name is never given twice, so a browser may keep what it has seen; a stand-in it asks for again soon.
    answer["Cache-Control"] = "private, max-age=31536000, immutable" if lasting else "private, max-age=5"
    answer["X-Content-Type-Options"] = "nosniff"
    return cast(HttpResponse, answer)  # a stream, which is as good


@command("catalog.change_product")
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Several pictures at once; each that cannot be taken says why, the others are kept."""
    product = get_object_or_404(Product, pk=pk)
    files = request.FILES.getlist("files")
    added, refused = 0, []
    for upload in files[:MOST_AT_ONCE]:
        try:
            media.add_picture(product, upload)
            added += 1
        except DomainError as error:
            refused.append(error.message)
    for sentence in dict.fromkeys(refused):  # that there are too many is said once
        messages.error(request, sentence)
    if len(files) > MOST_AT_ONCE:
        messages.error(request, _("At most %(most)d pictures at once.") % {"most": MOST_AT_ONCE})
    if added:
        messages.success(request, ngettext("%d picture added.", "%d pictures added.", added) % added)
    elif not files:
        messages.error(request, _("Choose pictures first."))
    return htmx.done(request, to=product.get_absolute_url(), changed=EVENT)


@command("catalog.change_product")
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """The order in which they were put."""
    product = get_object_or_404(Product, pk=pk)
    media.reorder(product, [int(each) for each in request.POST.getlist("media") if each.isdigit()])
    return htmx.done(request, to=product.get_absolute_url(), changed=EVENT)


@command("catalog.change_product")
def move(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """One place earlier or later, or to the front."""
    row = get_object_or_404(ProductMedia.objects.select_related("product"), pk=pk)
    if way == "cover":
        media.make_cover(row)
    elif way in ("earlier", "later"):
        media.move(row, earlier=way == "earlier")
    else:
        raise Http404
    return htmx.done(request, to=row.product.get_absolute_url(), changed=EVENT)


class AltForm(Form):
    """What is to be seen."""

    alt = forms.CharField(
        label=gettext_lazy("What is to be seen"), max_length=200, required=False,
        help_text=gettext_lazy("Read to those who do not see it, and shown when the picture does not load."),
    )  # fmt: skip


class DescribeForm(AltForm):
    """The same for what is there already."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)


class VideoForm(AltForm):
    """Where a video is."""

    url = forms.URLField(label=gettext_lazy("Address"), max_length=400, assume_scheme="https")

    field_order = ("url", "alt")


class VideoAdd(ActionScreen):
    permission = "catalog.change_product"
    title = gettext_lazy("Add a video")
    form_class = VideoForm
    submit_label = gettext_lazy("Add")
    changed = EVENT

    @cached_property
    def product(self) -> Product:
        return get_object_or_404(Product, pk=self.kwargs["product"])

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.product.name, self.cancel_url())]

    def perform(self, form: Any) -> ProductMedia:
        return media.add_video(self.product, **form.cleaned_data)

    def success(self, result: Any) -> str:
        return _("%s saved.") % self.product

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cancel_url(self) -> str:
        return self.product.get_absolute_url()


class _MediaScreen(ActionScreen):
    model = ProductMedia
    permission = "catalog.change_product"
    changed = EVENT

    def get_queryset(self) -> QuerySet[ProductMedia]:
        return ProductMedia.objects.select_related("product")

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.object.product.name, self.cancel_url())]

    def success(self, result: Any) -> str:
        return _("%s saved.") % self.object.product

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cancel_url(self) -> str:
        return reverse("catalog:product_detail", args=[self.object.product_id])


class MediaDescribe(_MediaScreen, SeenScreen):
    title = gettext_lazy("Describe it")
    form_class = DescribeForm
    submit_label = gettext_lazy("Save")

    def initial(self) -> dict[str, Any]:
        return {"alt": self.object.alt, "seen": self.object.alt}

    def perform(self, form: Any) -> ProductMedia:
        return media.describe(self.object, **form.cleaned_data)


class MediaRemove(_MediaScreen):
    title = gettext_lazy("Remove it?")
    submit_label = gettext_lazy("Remove")
    danger = True

    def intro(self) -> str:
        return _("The file is deleted.")

    def perform(self, form: Any) -> None:
        media.remove(self.object)
