"""Lines keep the prices by use that hold for them; drafts get those of their price date."""

from typing import Any

from django.db import migrations, models
from django.db.models import Q


def keep_steps(apps: Any, _schema_editor: Any) -> None:
    """Of the list that the line's price is of, else of no list: what the document of a draft has printed so far."""
    step_model = apps.get_model("catalog", "UsageStep")
    lines = apps.get_model("quotes", "QuoteLine").objects.filter(
        quote__status="draft", product__has_usage=True, usage__isnull=True
    )
    for line in lines.select_related("quote", "product"):
        day = line.quote.price_date
        valid = (Q(valid_from=None) | Q(valid_from__lte=day)) & (Q(valid_to=None) | Q(valid_to__gte=day))
        of_list = Q(price_list=None) | Q(price_list=line.price_list_id)
        steps = step_model.objects.filter(valid, of_list, product=line.product_id).select_related("metric")
        found: dict[int, dict[int | None, list[Any]]] = {}
        for step in steps.order_by("metric__position", "metric", "from_quantity"):
            found.setdefault(step.metric_id, {}).setdefault(step.price_list_id, []).append(step)
        line.usage = [
            _stored(line.product, by_list.get(line.price_list_id) or by_list[None]) for by_list in found.values()
        ] or None
        line.save(update_fields=["usage"])


def _stored(product: Any, steps: list[Any]) -> dict[str, Any]:
    metric = steps[0].metric
    return {
        "product": product.pk,
        "sku": product.sku,
        "metric": metric.code,
        "label": {"en": metric.label_en or "", "fi": metric.label_fi or metric.label_en or ""},
        "steps": [
            [_plain(step.from_quantity), _plain(step.price), None if step.cost is None else _plain(step.cost)] for step in steps
        ],
    }


def _plain(value: Any) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Migration(migrations.Migration):
    dependencies = [("quotes", "0001_tables"), ("catalog", "0001_tables")]

    operations = [
        migrations.AddField("quoteline", "usage", models.JSONField(blank=True, null=True, verbose_name="prices by use")),
        migrations.AddField("historicalquoteline", "usage", models.JSONField(blank=True, null=True, verbose_name="prices by use")),
        migrations.RunPython(keep_steps, migrations.RunPython.noop),
    ]
