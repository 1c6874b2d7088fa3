"""Addresses of quotes."""

from django.urls import path

from quotes import views
from quotes.views import comparison, customer, editor, how_far, lines, listing, offer, statements

urlpatterns = [
    path("quotes/", listing.quote_list, name="quote_list"),
    path("quotes/export/", listing.quote_export, name="quote_export"),
    path("quotes/selected/", listing.selected, name="quote_selected"),
    path("quotes/compare/", comparison.matrix_page, name="quote_matrix"),
    path("quotes/new/", editor.quote_new, name="quote_new"),
    path("quotes/accounts/", editor.account_options, name="quote_account_options"),
    path("quotes/products/", editor.product_options, name="quote_product_options"),
    path("quotes/<int:pk>/", views.quote_page, name="quote_page"),
    path("quotes/<int:pk>/change/", editor.change, name="quote_change"),
    path("quotes/<int:pk>/lines/", lines.add_line, name="quote_line_add"),
    path("quotes/<int:pk>/lines/last-prices/", lines.bought_before, name="quote_last_prices"),
    path("quotes/<int:pk>/lines/<int:line_pk>/", lines.change_line, name="quote_line_change"),
    path("quotes/<int:pk>/lines/<int:line_pk>/remove/", lines.remove_line, name="quote_line_remove"),
    path("quotes/<int:pk>/lines/<int:line_pk>/details/", lines.line_details, name="quote_line_details"),
    path("quotes/<int:pk>/lines/<int:line_pk>/<slug:move>/", lines.place_line, name="quote_line_place"),
    path("quotes/<int:pk>/presence/", editor.presence, name="quote_presence"),
    path("quotes/<int:pk>/statement/", statements.statement, name="quote_statement"),
    path("quotes/<int:pk>/statement/ask/", statements.ask, name="quote_statement_ask"),
    path("quotes/<int:pk>/prices/", offer.quote_offer, name="quote_offer"),
    path("quotes/<int:pk>/compare/", comparison.compare, name="quote_compare"),
    path("quotes/<int:pk>/how-far/", how_far.how_far, name="quote_how_far"),
    path("quotes/<int:pk>/review/", views.review, name="quote_review"),
    path("quotes/<int:pk>/submit/", views.submit, name="quote_submit"),
    path("quotes/<int:pk>/send/", views.send, name="quote_send"),
    path("quotes/<int:pk>/answer/", views.answer, name="quote_answer"),
    path("quotes/<int:pk>/move/<slug:move>/", views.move, name="quote_move"),
    path("quotes/<int:pk>/document.pdf", views.document, name="quote_document"),
    path("quotes/<int:pk>/preview-<int:page>.png", views.preview, name="quote_preview"),
    path("q/<str:token>/", customer.enter, name="customer_link"),
    path("q/s/<uuid:uuid>/", customer.page, name="customer_quote"),
    path("q/s/<uuid:uuid>/document.pdf", customer.document, name="customer_document"),
]
