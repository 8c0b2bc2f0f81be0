'''The only generic web code. It knows no app; every app's screens are written with it.

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

No mixins; more than two overrides → write a plain function view with `@requires` / `@command` and `htmx.render` / `htmx.done`.

htmx.py
    render(request, template, context=None, *, fragments=None, status=200)
        `fragments = {"panel-stock": "inventory/x.html#panel-stock"}`: the DOM id → the partial. HX-Target picks one of the
        list, anything else (and a history restore) gets the whole page. Sets Vary.
    done(request, *, to, changed=(), leave=False, close=True)
        Success. Plain browser: 302 to `to`. htmx: empty body, `HX-Reswap: none` and, after settle, the events
        `changed:<name>` for each name ("inventory-hold" or a tuple) and `dialog:close`. leave=True makes htmx go to `to`
        as well (a new document was created, the shown one is gone). Messages become toasts by themselves.
    is_htmx(request), target(request) -> str
    Regions that care: hx-get="<own url>" hx-trigger="changed:inventory-hold from:body" hx-target="this" hx-swap="outerHTML".
    A link into the dialog: <a href="…" hx-get="…" hx-target="#dialog">; the fragment is called "dialog".
    base.html has <dialog id="dialog">, <div id="toasts">, and the htmx config swaps 200, 403, 409 and 422.

permissions.py — each sets `.permission` on the view; a class screen names it as attribute, else it does not import
    @requires("app.perm")   GET views; anonymous → login, without the permission → 403 page (htmx: 403 and a toast)
    @command("app.perm")    POST only
    @signed_in  @public     any user; everybody (public is pinned by a test)
    may(user, "app.perm") -> bool      "" or None means anybody signed in

middleware.py (settings.MIDDLEWARE, in this order, after AuthenticationMiddleware, MessageMiddleware, HtmxMiddleware)
    backoffice.ui.middleware.acting_user       acting(user=…) around the request, request.request_id, X-Request-ID
    backoffice.ui.middleware.no_store          Cache-Control: no-store for whoever is logged in
    backoffice.ui.middleware.toasts            messages appended out-of-band to htmx answers; login redirect → HX-Redirect
    backoffice.ui.middleware.DomainErrors      DomainError → 409 (toast for htmx, "ui/error.html" otherwise), 403 likewise
    Context processor: backoffice.ui.nav.context → `nav` (sections), `user_may` … see nav.py

screens (from backoffice.ui.screens import …). Common to all: `permission` (required), `title`, `template_name`, `icon`,
    `breadcrumbs(self) -> [(label, url), …]` (default: the list or object above), `get_context(self, **more) -> dict`,
    `self.request`, `self.kwargs`; screens of one object: `model`, `get_queryset(self)` (the rows this user may see),
    `self.object` (pk from the URL), `parent` / `list_url` ("catalog:product_list") for breadcrumbs and cancelling.
  ListScreen   model table_class filter_class=None saved_views=() figures(self)->[Figure] lead(self)->str create=None
               actions=() bulk_actions=() export=True export_permission=None empty=Empty(…) page_size=50 search_label
               changed="catalog-product" (default <app>-<model>) get_queryset(self). Template ui/screens/list.html:
               blocks head_extra, above, below. Context: table, page, filter, chips, tabs, figures, create, actions, bulk.
               Query string: q, <filters>, view, sort, page, size, export=csv|xlsx (exactly what is shown).
  DetailScreen tabs=[Tab(key, label, url_name, permission=None, count=None)], tab="overview", actions=[Action…],
               panels="catalog.product" (key of composition.PANELS), badge(self)->Badge|None, meta(self)->[str],
               facts(self)->[Fact(label, value, url="")], figures(self), thumb(self)->(icon, hue)|None.
               Template ui/screens/detail.html: blocks head, body, side. Tabs of their own: subclass the detail screen.
  CreateScreen EditScreen   model form_class perform(self, form)->object success(self, obj)->str success_url(self, obj)
               changed=…; initial(self)->dict. Errors 422; DomainError 409 beside its field; stale revision 409 theirs/yours.
               Templates ui/screens/form.html (page) and its fragment "dialog": block fields.
  ActionScreen a form and one service: form_class (default Form, i.e. only "are you sure"), `model` optional,
               intro(self)->str what will happen, submit_label, danger=False, perform(self, form), success(…), success_url(…)
  DeleteScreen ActionScreen that deletes; PROTECT errors become sentences. Reason asked when reason=True.
  BulkScreen   list_class, action (a BulkAction): its own URL for one bulk action; ListScreen.bulk_actions needs none
               BulkAction(key, label, permission, service, form_class=None, icon="", danger=False, pass_form=False):
               service(row, **form.cleaned_data); DomainError per row is collected, each row has its own savepoint.
  InlineScreen model form_class (one visible field) table_class column perform(self, form): link ⇄ form in a cell
  HistoryScreen model detail_class=None hidden=("updated_at", …): before → after, who, when, why, by day
  Action(label, url_name, permission=None, icon="", primary=False, danger=False, dialog=True, post=False, to=None,
         when=None, args=None)  shown if may(permission), `to` in state.allowed(object), when(object). post=True: a form POST.
  SavedView(key, label, apply, count=True)   Figure(label, value, note="", url="", tone="", on=False)
  Empty(title, text)   Tab(…)   Fact(…)   Badge(text, tone)

tables.py — Table (a django_tables2.Table; rendered by a plan computed once): Meta: model, fields, sequence, order_by, plus
    row_url = "get_absolute_url" (default) | None | callable(record); totals = ("amount",); row_actions = [Action, …];
    row_tone(self, record)->""|"warn"|"bad". All columns take accessor=, verbose_name=, orderable=, card= (place on a phone:
    "what" "price" "stock" "status" "" = hidden), css=, empty_text="". Custom cells: def render_<column>(self, value, record) as in tables2.
    Column  WhatColumn(title, meta=accessor|callable, thumb=callable(record)->(icon, hue), url=callable, dialog=False)
    MoneyColumn(places=2, currency=False)  QuantityColumn(unit=accessor|callable)  NumberColumn  BadgeColumn(tones={value: tone}, quiet={values})
    DateColumn  DateTimeColumn  LinkColumn(url=callable|"view:name", dialog=False)  BoolColumn(yes=, no="")
    InlineColumn("catalog:product_price", permission, column=Column type for display)  BarColumn(maximum=accessor, tone=)
    A table outside a list: table = ProductTable(rows, request=request) and {% include "ui/table.html" %}.

filters.py — FilterSet (django-filter) with `q`: set search_fields = ("search_text",) (folded, every word must occur) or
    plain fields ("name", "sku"); unknown and invalid parameters are ignored. facets = ("kind",) draws these as checkboxes at the
    left. Filters: ChoiceFilter MultipleChoiceFilter ModelChoiceFilter BooleanFilter DateRangeFilter(field_name) re-exported.
    fold(text) -> text without case and accents.

forms.py — Form, ModelForm (carries `revision` when the model has it and saves through state.save_revised); spans = {"sku": 2}
    (of 6 columns), groups = [(_("Food"), ["allergens"])]. DecimalField(places=…, affix="kg") MoneyFormField PriceFormField
    QuantityFormField(unit="kg") reason_field(label=…) ScanField(queryset, codes=("sku", "barcode")) DateField DateTimeField.
    Model fields of the kernel get these by themselves in a ModelForm. set_unit(form, "quantity", "kg") changes an affix.
    {{ form }} renders error summary, groups and fields; {% include "ui/field.html" with field=form.sku %} one of them.

panels.py — Panel(key, title, url_name, permission) in composition.PANELS = {"catalog.product": [Panel(…)]}; the URL takes the
    object's pk and serves fragment "panel-<key>". panels.of(key, obj, user); {% include "ui/panels.html" %} draws `panels`.
nav.py — composition.NAV = [Section(_("Sell"), [Item(_("Orders"), "orders:order_list", "orders.view_order", icon="shopping-bag",
    count="apps.orders.selectors.waiting.count")])]; count is a callable or dotted path, called once a request, () -> int|None.
export.py — neutralise(text), restore(text); csv_response(name, header, rows), xlsx_response(…).
pagination.py — paginate(queryset, *, number, size) -> Page with a capped count ("10,000+").

backoffice/testing/screens.py — views() walks the URLconf; assert_anonymous_goes_to_login, assert_forbidden,
    assert_fragment_is_part_of_page, assert_same_queries.
'''
