"""Stored PDFs become rows of their own, recipients get a language, mails are known by their document, answers by what they took."""

from django.db import migrations

AT_ONCE = 500


def _documents(apps, schema_editor):
    documents = apps.get_model("quotes", "QuoteDocument").objects.using(schema_editor.connection.alias)
    return documents, documents.order_by("pk").iterator(chunk_size=AT_ONCE)


def forwards(apps, schema_editor):
    alias = schema_editor.connection.alias
    files, mails = (apps.get_model("quotes", name).objects.using(alias) for name in ("QuoteFile", "QuoteMail"))
    documents, rows = _documents(apps, schema_editor)
    for row in rows:
        people = [{"address": address, "name": ""} for address in row.recipients]
        documents.filter(pk=row.pk).update(recipients=[{**one, "language": row.language} for one in people])
        if row.pdf:
            files.create(document_id=row.pk, language=row.language, pdf=row.pdf.name, pdf_hash=row.pdf_hash)
        if row.mail_id:
            mails.create(
                document_id=row.pk, kind="sent", language=row.language, recipients=people, message_id=row.mail_id, uuid=row.mail.uuid
            )
    _answers(apps, alias)


def _answers(apps, alias):
    """What was accepted so far were the options and totals that the quote has."""
    answers = apps.get_model("quotes", "QuoteAnswer").objects.using(alias)
    lines = apps.get_model("quotes", "QuoteLine").objects.using(alias)
    for row in answers.select_related("quote", "document").order_by("pk").iterator(chunk_size=AT_ONCE):
        changes = {"language": row.document.language}
        if row.answer == "accepted":
            chosen = lines.filter(quote=row.quote_id, optional=True, selected=True).order_by("pk").values_list("pk", flat=True)
            changes |= {"chosen": list(chosen), "net_total": row.quote.net_total, "gross_total": row.quote.gross_total}
        answers.filter(pk=row.pk).update(**changes)


def backwards(apps, schema_editor):
    documents, rows = _documents(apps, schema_editor)
    for row in rows:
        file = row.files.filter(language=row.language).first()
        mail = row.mails.filter(kind="sent", message__isnull=False).order_by("pk").first()
        documents.filter(pk=row.pk).update(
            recipients=[one["address"] for one in row.recipients],
            pdf=file.pdf.name if file else "",
            pdf_hash=file.pdf_hash if file else "",
            mail_id=mail.message_id if mail else None,
        )
    for name in ("QuoteFile", "QuoteMail"):
        apps.get_model("quotes", name).objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("quotes", "0013_company_mails_questions")]

    operations = [migrations.RunPython(forwards, backwards)]
