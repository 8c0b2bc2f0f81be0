"""The only generic web code. It knows no app; every app's screens are written with it.

A list, its edit form and its URLs, in ten lines each::

    class ProductList(ListScreen):
        model = Product
        permission = "catalog.view_product"
        table_class, filter_class = ProductTable, ProductFilter
        create = Action(_("New product"), "catalog:product_create", "catalog.add_product", icon="plus")
        saved_views = [SavedView("active", _("Active"), lambda products: products.active())]
        bulk_actions = [BulkAction("retire", _("Retire"), "catalog.change_product", products.retire)]

    class ProductEdit(EditScreen):
        model, permission, form_class = Product, "catalog.change_product", ProductForm
        def perform(self, form): return products.update(self.object, **form.cleaned_data)   # default: form.save()

    urlpatterns = [path("products/", ProductList.as_view(), name="product_list"), …]

No mixins; more than two overrides → a plain function with `@requires` / `@command`, `htmx.render` and `htmx.done`.

htmx.py
    render(request, template, context=None, *, fragments=None, status=200)
        fragments = {"panel-stock": "inventory/x.html#panel-stock"}: DOM id → partial. HX-Target picks one of the list;
        anything else, and a history restore, gets the whole page. Sets Vary. A fragment named "dialog" is put into
        <dialog id="dialog">. A partial is found in the file that defines it, not in a template that extends that file.
    done(request, *, to, changed=(), leave=False, close=True)
        Success. A browser: 302 to `to`. htmx: nothing is swapped, and after settle come the events `changed:<name>`
        for each name ("inventory-hold", or a tuple) and `dialog:close`. leave=True makes htmx go to `to` as well (a
        new document was made, or the shown one is gone). Messages become toasts by themselves.
    tell(response, changed)    the same events with an answer that shows something
    is_htmx(request), target(request)
    A region that cares: hx-get="<its url>" hx-trigger="changed:inventory-hold from:body" hx-target="this"
    hx-swap="outerHTML". A link into the dialog: <a href="…" hx-get="…" hx-target="#dialog">.

permissions.py — each sets `.permission` on the view; a class screen names it as an attribute, or as_view() refuses
    @requires("app.perm")   GET (safe=False: POST too). Strangers → login; the others → 403, a page or a toast
    @command("app.perm")    POST only.    @signed_in  any user.    @public  everybody; a test pins the list
    may(user, "app.perm") -> bool    "" or None: anybody who is logged in

middleware.py  Acting (acting(user) around the request; no-store), Toasts (messages out-of-band; login by HX-Redirect),
               DomainErrors (DomainError → 409, PermissionDenied → 403: toast for htmx, "ui/error.html" for a browser)
context.py     shell: `nav` for the sidebar, `in_dialog`

screens — all have: permission (required), title, icon, template_name, list_url ("catalog:product_list") and list_title
    for the way back, breadcrumbs() -> [(label, url)] of what lies above, get_context(**more), fragments().
    Those of a model: model, get_queryset() (the rows this user may see), self.object (pk of the URL), event.
  ListScreen    table_class filter_class=None saved_views=() create=None actions=() bulk_actions=() export=True
                export_permission=None empty=Empty(…) page_size=50 search_label changed="" figures() lead() matching()
                Template ui/screens/list.html, blocks above, below; fragment "table". The query string: q, filters,
                view, sort, page, size, hide (columns), export=csv|xlsx (exactly what is shown), menu (of one row).
  DetailScreen  tabs=[Tab(key, label, url_name, permission, count=callable(thing))] tab="overview" actions=[Action]
                panels="catalog.product" badge() thumb()->(icon, hue) meta()->[text] facts() figures()
                Template ui/screens/detail.html, blocks page_head, page_body, page_side. The head draws itself again
                on changed:<event>. A further tab: subclass it, with a `tab` and a template_name of its own.
  CreateScreen  form_class perform(form) (default form.save()) success(obj)->text success_url(obj) initial()
  EditScreen    submit_label changed=() leave=False wide=False fields_template="ui/form_fields.html" get_form()
                422 errors · 409 a rule refused, beside its field · 409 stale revision: theirs, yours and a choice.
                self.key: the same however often this one form is sent, for services with key=. A field "reason" in
                the form becomes the reason in the history.
  ActionScreen  a form (by default none: "are you sure") and one service: perform(form), intro(), danger=False. With a
                pk in the URL and a model it has an object.
  DeleteScreen  an ActionScreen that deletes; reason=True asks for one
  BulkAction(key, label, permission, service, form_class=Form, icon="", danger=False)   in ListScreen.bulk_actions:
                service(row, **form.cleaned_data) for the ticked rows or all that match; each row in its own
                savepoint; refusals are listed.   BulkScreen: list_class, action; the same at a URL of its own.
  InlineScreen  form_class (one field) table_class column: link ⇄ form in a cell; get_queryset() annotates for the cell
  HistoryScreen detail_class=None related=("packs",) hidden=(…)
  Action(label, url_name, permission=None, icon="", primary=False, danger=False, dialog=True, post=False, to=None,
         when=None, args=None)   shown if the user may, `to` is in state.allowed(thing), and when(thing)
  SavedView(key, label, apply, count=True)   Figure(label, value, note="", url="", tone="", on=False)
  Fact(label, value, url="")   Empty(title, text)   Badge(text, tone)

tables.py — Table (django_tables2, drawn by a plan made once a request). Meta: model, fields, sequence, exclude,
    order_by, and row_url = "get_absolute_url" | "app:url_name" | None | callable, totals = ("amount",),
    row_actions = [Action], edits = {"name": ("name/", "app.perm")} (edited in its cell, at that address behind the
    row's). row_tone(record). Columns take accessor=, verbose_name=, orderable=, order_by=,
    empty_text=, css=, card= (what, price, stock, status: its place on a phone). A cell of one's own: def
    render_<column>(self, value, record), which is not called for empty values. Icons inside rows are drawn once.
    Column NumberColumn DateColumn DateTimeColumn BoolColumn(yes, no) MoneyColumn(places=2, currency="")
    QuantityColumn(unit="unit.code" | callable) BadgeColumn(tones={value: tone} | callable(record), quiet={value})
    LinkColumn(url="view:name" | callable, dialog=False) WhatColumn(title, meta, thumb=callable → (icon, hue), url)
    InlineColumn("catalog:product_price", permission, column=MoneyColumn())
    Outside a list: ProductTable(rows, request=request) and {% include "ui/table.html" with table=table %}

filters.py — FilterSet (django-filter): `q` looks in search_fields = ("search_text",) (folded; every word must occur)
    or plain columns. facets = ("kind",) stand beside the list, the others above it; counted = True
    and counts() say how many rows each value leaves, fetched when the page is there. ChoiceFilter MultipleChoiceFilter
    ModelChoiceFilter ModelMultipleChoiceFilter BooleanFilter DateRangeFilter("at", instant=True).

forms.py — Form, ModelForm (carries `revision`, saves through state.save_revised, writes only what changed):
    service_checks = True where `perform` calls a service that judges the whole record: nothing is asked twice.
    spans = {"sku": 2} of 6 columns, groups = [(_("Food"), ["allergens"])], with a third word a region that
    htmx can fetch anew (the DOM id; drawn by `draw_region`). Kernel fields get the right form field.
    DecimalField(places=6, affix="") MoneyFormField PriceFormField QuantityFormField(unit="kg") DateField DateTimeField
    ScanField(queryset, codes=("sku", "barcode"), search="search_text") reason_field() set_unit(form, name, "kg")
    {{ form }} draws summary, groups and fields; {% include "ui/field.html" with field=form.sku span=3 %} one of them.

panels.py — composition.PANELS = {"catalog.product": [Panel(key, title, url_name, permission, refresh="orders-order")]}
    The URL takes the pk and serves the fragment "panel-<key>". {% include "ui/panels.html" %} draws `panels`.
nav.py — composition.NAV = [Section(_("Sell"), [Item(label, url_name, permission, icon, count="dotted.path")])]
export.py — neutralise, restore, csv_response, xlsx_response.   pagination.py — paginate(queryset, number=, size=)
backoffice/testing/screens.py — views(), lists(), and assertions that hold for all of them
"""
