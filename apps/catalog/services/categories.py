"""The category tree: grown, moved and pruned without ever closing a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.catalog.errors import CategoryCycle, CategoryInUse, InvalidProduct
from apps.catalog.models import Category
from apps.catalog.selectors import categories as category_tree
from backoffice.kernel import state
from backoffice.kernel.text import fold

from . import schema, validation

EDITABLE = ("name", "slug", "parent", "position", "icon", "hue")
MAX_DEPTH = 8


@transaction.atomic
def create(
    *, name: str, slug: str = "", parent: Category | None = None, position: int | None = None, icon: str = "",
    hue: str = "",
) -> Category:  # fmt: skip
    """Add a category: last unless told where, in its parent's colour unless told which. Raises InvalidProduct."""
    category = Category(name=" ".join(name.split()), parent=parent, icon=icon)
    category.slug = slug or _free_slug(category.name)
    category.hue = hue or (parent.hue if parent else Category.Hue.BREAD)
    if position is None:
        position = Category.objects.filter(parent=parent).count()
    category.position = position
    _refuse_bad_place(category)
    validation.check(category)
    category.save()
    return category


@transaction.atomic
def ensure(paths: Iterable[str], made: list[int]) -> dict[str, int]:
    """The categories of these paths ("Bakery > Bread"), by path; what is lacking is made and added to `made`."""
    there = {fold(path): pk for pk, path in category_tree.choices()}
    found = {}
    for path in sorted(paths):
        names = path.split(category_tree.SEPARATOR)
        above: int | None = None
        for depth in range(1, len(names) + 1):
            here = fold(category_tree.SEPARATOR.join(names[:depth]))
            if here not in there:
                parent = Category.objects.get(pk=above) if above else None
                there[here] = create(name=names[depth - 1], parent=parent).pk
                made.append(there[here])
            above = there[here]
        found[path] = there[fold(path)]
    return found


@transaction.atomic
def update(category: Category, *, revision: int | None = None, **fields: Any) -> Category:
    """Change the named fields. Raises CategoryCycle with the path, InvalidProduct, StaleRevision."""
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"A category has no editable field {', '.join(sorted(unknown))}")
    # Two moves at once could close a circle that neither sees; the tree is small, so all of it is locked.
    rows = {row.pk: row for row in Category.objects.select_for_update().order_by("pk")}
    category = rows.get(category.pk, category)
    for name, value in fields.items():
        setattr(category, name, " ".join(value.split()) if name == "name" else value)
    if "slug" in fields and not category.slug:
        category.slug = _free_slug(category.name, but=category.pk)
    _refuse_bad_place(category)
    validation.check(category)
    revision = category.revision if revision is None else revision
    state.save_revised(category, revision=revision, fields=[*fields])
    if "parent" in fields:  # what it inherits is another schema now
        schema.follow_up([category.pk])
    return category


@transaction.atomic
def delete(category: Category) -> None:
    """Remove an empty category. Raises CategoryInUse, which says what it still holds."""
    products = category.products.count()
    children = category.children.count()
    if products or children:
        raise CategoryInUse(category.name, products=products, children=children)
    category.delete()


def path_to_root(category: Category, parents: Mapping[int, int | None], names: Mapping[int, str]) -> list[str]:
    """Names from the category up to the top. Raises CategoryCycle when the way up comes back to where it began."""
    path = [category.name]
    seen = {category.pk}
    above = category.parent_id
    while above is not None:
        path.append(names[above])
        if above in seen:
            raise CategoryCycle(path)
        seen.add(above)
        above = parents[above]
    return path


def _refuse_bad_place(category: Category) -> None:
    if ">" in category.name:
        raise InvalidProduct(_("A category's name has no “>”: it parts the names of a path."), field="name")
    rows = list(Category.objects.values_list("pk", "parent_id", "name"))
    parents: dict[int, int | None] = {pk: parent for pk, parent, _name in rows}
    names = {pk: name for pk, _parent, name in rows}
    if category.pk:
        parents[category.pk], names[category.pk] = category.parent_id, category.name
    path = path_to_root(category, parents, names)
    if len(path) > MAX_DEPTH:
        raise InvalidProduct(_("Categories go %(depth)d levels deep at most.") % {"depth": MAX_DEPTH}, field="parent")


def _free_slug(name: str, *, but: int | None = None) -> str:
    base = slugify(name)[:70] or "category"
    taken = set(Category.objects.filter(slug__startswith=base).exclude(pk=but or 0).values_list("slug", flat=True))
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
