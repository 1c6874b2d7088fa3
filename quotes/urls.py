"""Addresses of quotes."""

from django.urls import path

from quotes import views
from quotes.views import customer, editor, offer

urlpatterns = [
    path("quotes/", views.quote_list, name="quote_list"),
    path("quotes/export/", views.quote_export, name="quote_export"),
    path("quotes/new/", editor.quote_new, name="quote_new"),
    path("quotes/accounts/", editor.account_options, name="quote_account_options"),
    path("quotes/products/", editor.product_options, name="quote_product_options"),
    path("quotes/<int:pk>/", views.quote_page, name="quote_page"),
    path("quotes/<int:pk>/change/", editor.change, name="quote_change"),
    path("quotes/<int:pk>/lines/", editor.add_line, name="quote_line_add"),
    path("quotes/<int:pk>/lines/<int:line_pk>/", editor.change_line, name="quote_line_change"),
    path("quotes/<int:pk>/lines/<int:line_pk>/remove/", editor.remove_line, name="quote_line_remove"),
    path("quotes/<int:pk>/prices/", offer.quote_offer, name="quote_offer"),
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
