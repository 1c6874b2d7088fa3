"""Addresses of cases."""

from django.urls import path

from csr.views import adding, listing, page, registering, reports
from csr.views.acts import act_view, press_view

urlpatterns = [
    path("cases/", listing.case_list, name="case_list"),
    path("cases/export/", listing.case_export, name="case_export"),
    path("cases/new/", registering.case_types, name="case_types"),
    path("cases/new/account/", registering.case_new_account, name="case_new_account"),
    path("cases/new/product/", registering.case_new_product, name="case_new_product"),
    path("cases/new/similar/", registering.case_similar, name="case_similar"),
    path("cases/new/<slug:code>/", registering.case_new, name="case_new"),
    path("cases/accounts/", registering.case_account_options, name="case_account_options"),
    path("cases/products/", registering.case_product_options, name="case_product_options"),
    path("cases/reports/", reports.case_report, name="case_report"),
    path("cases/reports/file/", reports.case_report_file, name="case_report_file"),
    path("cases/<int:pk>/", page.case_page, name="case_page"),
    path("cases/<int:pk>/history/", page.case_history, name="case_history"),
    path("cases/<int:pk>/submit/", page.case_submit, name="case_submit"),
    path("cases/<int:pk>/recall/", press_view("case_recall"), name="case_recall"),
    path("cases/<int:pk>/assign/", act_view("case_assign"), name="case_assign"),
    path("cases/<int:pk>/implement/", press_view("case_implement"), name="case_implement"),
    path("cases/<int:pk>/close/", act_view("case_close"), name="case_close"),
    path("cases/<int:pk>/clone/", adding.case_clone, name="case_clone"),
    path("cases/<int:pk>/requirement/", act_view("case_requirement"), name="case_requirement"),
    path("cases/<int:pk>/products/", adding.case_products_add, name="case_products_add"),
    path("cases/<int:pk>/products/<int:row>/", act_view("case_product"), name="case_product"),
    path("cases/<int:pk>/products/<int:row>/remove/", press_view("case_product_remove"), name="case_product_remove"),
    path("cases/<int:pk>/accounts/", adding.case_account_add, name="case_account_add"),
    path("cases/<int:pk>/accounts/<int:row>/remove/", press_view("case_account_remove"), name="case_account_remove"),
    path("cases/<int:pk>/team/", act_view("case_member_add"), name="case_member_add"),
    path("cases/<int:pk>/team/<int:row>/remove/", press_view("case_member_remove"), name="case_member_remove"),
    path("cases/<int:pk>/watch/", press_view("case_watch"), name="case_watch"),
    path("cases/<int:pk>/tasks/", act_view("case_task_add"), name="case_task_add"),
    path("cases/<int:pk>/tasks/<int:row>/", act_view("case_task"), name="case_task"),
    path("cases/<int:pk>/tasks/<int:row>/change/", act_view("case_task_change"), name="case_task_change"),
    path("cases/<int:pk>/tasks/<int:row>/remove/", press_view("case_task_remove"), name="case_task_remove"),
    path("cases/<int:pk>/conclusion/", act_view("case_conclusion"), name="case_conclusion"),
    path("cases/<int:pk>/satisfaction/", act_view("case_feedback"), name="case_feedback"),
    path("cases/<int:pk>/comments/", act_view("case_comment"), name="case_comment"),
    path("cases/<int:pk>/files/", act_view("case_file_add"), name="case_file_add"),
    path("cases/<int:pk>/files/<int:row>/", page.case_file, name="case_file"),
    path("cases/<int:pk>/files/<int:row>/remove/", press_view("case_file_remove"), name="case_file_remove"),
]
