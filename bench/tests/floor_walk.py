"""Walks through the floor as a browser would and prints what happened, as JSON; in a process with settings of its own."""

import json
import os
import sys


def walk() -> dict[str, object]:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from bench.floor.models import Account, Note, Product, Quote

    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_user("rep", password="demo")
    account = Account.objects.create(name="Ravintola Lumme Oy", number="1")
    Product.objects.create(sku="A", name="Maito", unit="l", list_price="1.05", vat_percent="13.5")
    browser, stranger = Client(enforce_csrf_checks=True), Client()
    refused = browser.post("/login/", {"username": "rep", "password": "demo"}).status_code
    browser.get("/login/")
    token = {"X-CSRFToken": browser.cookies["csrftoken"].value}
    signed_in = browser.post("/login/", {"username": "rep", "password": "demo"}, headers=token).status_code
    token = {"X-CSRFToken": browser.cookies["csrftoken"].value}

    def post(path: str, body: object) -> tuple[int, bytes]:
        response = browser.post(path, json.dumps(body), content_type="application/json", headers=token)
        return response.status_code, response.content

    made, answer = post("/quotes/", {"account": account.pk, "lines": [{"sku": "A", "quantity": "10", "discount_percent": "5"}]})
    quote = json.loads(answer)
    changed, totals = post(f"/quotes/{quote['id']}/lines/{quote['lines'][0]['id']}/", {"quantity": "20"})
    moves = [post(f"/quotes/{quote['id']}/{move}/", {})[0] for move in ("submit", "approve", "send")]
    accepted = post(f"/q/{quote['id']}/", {})[0]
    return {
        "without_csrf": refused,
        "signed_in": signed_in,
        "stranger": stranger.get("/accounts/").status_code,
        "made": made,
        "net_total": quote["totals"]["net_total"],
        "changed": changed,
        "changed_totals": json.loads(totals)["totals"],
        "moves": [*moves, accepted],
        "status": Quote.objects.get().status,
        "notes": list(Note.objects.order_by("pk").values_list("kind", flat=True)),
        "inputs": browser.get(f"/quotes/{quote['id']}/").content.count(b"<input name="),
        "json_lines": len(browser.get(f"/quotes/{quote['id']}/json/").json()["lines"]),
        "found": [browser.get(f"/accounts/?q={text}").content.count(b"Lumme") for text in ("umm", "puuttuu")],
        "after": browser.get(f"/accounts/?name=Ravintola Lumme Oy&id={account.pk}").content.count(b"Lumme"),
    }


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.floor.settings"
    import django

    django.setup()
    sys.stdout.write(json.dumps(walk()))
