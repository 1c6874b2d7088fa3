"""The document on paper: read back from the PDF, in both languages."""

import io
import re
from typing import Any

import pytest
from django.utils import translation
from pypdf import PdfReader
from pypdf.generic import IndirectObject

from core.templatetags.ui import money
from quotes import documents, typesetting
from quotes.paper import paper_of
from quotes.tests.contents import KILO, content, line, many, option, parties

pytestmark = pytest.mark.once

SPACES = str.maketrans({"\u00a0": " ", "\u200b": None, "\u202f": " "})
URL = "https://crm.example/q/k7pm2x9qv3hd8wtn/"
TEXTS = [
    {"kind": "section", "text": "Kahvit", "before": 1, "subtotal": "90.00"},
    {"kind": "note", "text": "Paahdetaan tilauksesta.", "before": 2},
    {"kind": "section", "text": "Palvelut", "before": 4, "subtotal": "1050.00"},
]


def rich() -> dict[str, Any]:
    """A content with everything: sections, a note, an option, an alternative, a bundle, a free line, thresholds and free text."""
    parts = [{"sku": "A-1", "name": {"en": "Workshop", "fi": "Työpaja"}, "quantity": "2.000", "unit": {"en": "pc", "fi": "kpl"}}]
    views = {"en": "Page views", "fi": "Sivunäytöt"}
    usage = [
        {"metric": views, "from": "0", "to": "10000", "price": "0.0500"},
        {"metric": views, "from": "10000", "to": None, "price": "0.0300"},
    ]
    sow = {
        "kind": "sow", "sku": "", "name": {"en": "Statement of work", "fi": "Työmäärittely"}, "description": "Two systems",
        "list_price": "1005.0000", "net_price": "1005.0000", "line_list": "1005.00", "line_net": "1005.00", "quantity": "1.000",
        "discount_percent": None, "vat_percent": "25.5000",
    }  # fmt: skip
    lines = [
        line(1),
        line(2, sku="STARTER", parts=parts, use_within_months=6),
        line(3, included=True, net_price="0.0000", line_net="0.00", discount_percent="100.0000"),
        option(4),
        option(5, alternative_to=10, list_price="12.0000", net_price="12.0000", line_list="60.00", line_net="60.00"),
        line(6, **sow),
        line(7, usage=usage, price_unit=KILO),
    ]
    return content(lines, header=("percent", "5"), texts=TEXTS, customer_note="Kiitos!\n\nToimitus viikolla 50.")


def everything() -> dict[str, Any]:
    texts = {
        "introduction": {"en": "Thank you.", "fi": "Kiitos kyselystä."},
        "delivery": {"en": "In a week", "fi": "Viikossa"},
        "closing": {"en": "Any questions?", "fi": "Kysykää lisää."},
    }
    return parties(texts=texts, terms={"en": "1. Scope", "fi": "1. Soveltaminen"}, signature=True)


def pages(made: dict[str, Any], language: str, people: dict[str, Any] | None = None, **more: Any) -> list[str]:
    pdf = documents.pdf_of(made, people or parties(), language, url=URL, **more)
    return [re.sub(r"\s+", " ", page.extract_text().translate(SPACES)) for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.req("S1.12")
@pytest.mark.req("S1.13")
@pytest.mark.req("S1.14")
@pytest.mark.req("S1.24")
@pytest.mark.req("S1.30")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", [
            "Quote Q-2026-00042, revision 2", "Date 21 Nov 2026", "Valid until 20 Dec 2026", "Your reference Åsa Öhman",
            "Our contact Riikka Repo rep@tukku.example", "Invoice to Öljylamppu laskut PL 7 00101 Helsinki laskut@lamppu.example",
            "# Code Description Quantity Unit List price Discount Net price Line net VAT",
            "1 SKU-1 Milk 1 Fresh 5 l €10.00 10% -€1.00 €9.00 €45.00 13.5%",
            "Contains: 2 pc Workshop (A-1) To be used within 6 months of the order.",
            "3 SKU-3 Milk 3 Fresh 5 l €10.00 100% -€10.00 included included 13.5%",
            "4 SKU-4 Milk 4 Option, not in the total", "5 SKU-5 Milk 5 Alternative to line 1, not in the total",
            "6 Statement of work Two systems 1 l €1,005.00 – €1,005.00 €1,005.00 25.5%", "€10.00 / kg", "€9.00 / kg",
            "Use Beyond so many a year Up to Price each Page views 0 10,000 €0.05 Page views 10,000 no end €0.03",
            "Subtotal, Kahvit €90.00", "Subtotal, Palvelut €1,050.00",
            "At list price €1,205.00", "Discounts on lines -€65.00", "Discount on the whole quote, 5% -€57.00", "Net €1,083.00",
            "VAT on €954.75 €243.46 25.5%", "VAT on €128.25 €17.31 13.5%", "Total with VAT €1,343.77",
            "Payment term: 14 days net: the invoice falls due 14 days after its date.", "Payment type: Purchase order",
            "Delivery: In a week", "Thank you.", "Any questions?", "Kiitos! Toimitus viikolla 50.", "General terms 1. Scope",
            "Place and date", URL, "Tukku Oy · Business ID 2345678-0 · VAT number FI23456780",
            "Quote Q-2026-00042, revision 2 · Page 1/",
        ]),
        ("fi", [
            "Tarjous Q-2026-00042, versio 2", "21.11.2026", "20.12.2026",
            "1 SKU-1 Maito 1 Tuore 5 l 10,00 € 10 % −1,00 € 9,00 € 45,00 €",
            "3 SKU-3 Maito 3 Tuore 5 l 10,00 € 100 % −10,00 € sisältyy sisältyy 13,5 %", "2 kpl Työpaja (A-1)", "1 005,00 €",
            "Sivunäytöt 0 10 000 0,05 € Sivunäytöt 10 000 ei ylärajaa 0,03 €", "1 205,00 €", "−65,00 €", "−57,00 €", "1 083,00 €",
            "243,46 €", "17,31 €", "1 343,77 €", "Viikossa", "Kiitos kyselystä.", "1. Soveltaminen", URL, "FI23456780",
        ]),
    ],
)  # fmt: skip
def test_every_figure_reads_back_from_the_pdf(language: str, said: list[str]) -> None:
    text = " ".join(pages(rich(), language, everything()))
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("odd", ["😀", "漢", "\x9b", "\U0008eb45"])
def test_a_letter_that_no_font_shows_hinders_no_document(odd: str) -> None:
    files = [{"name": f"Kuva {odd}.png", "size": 9, "hash": "0" * 64}]
    text = " ".join(pages(content([line(1)], customer_note=f"Kiitos {odd} Äijä – 5 €", attachments=files), "fi"))
    assert [said for said in ("Kiitos \ufffd Äijä – 5 €", "Kuva \ufffd.png", "Maito 1") if said not in text] == []


def test_every_letter_that_is_kept_beside_one_that_no_font_shows_can_be_shown() -> None:
    letters = [letter for letter in map(chr, range(0x3000)) if not typesetting._UNSURE.match(letter) and letter.isprintable()]
    assert len(letters) > 500
    assert pages(content([line(1)], customer_note="😀 " + " ".join(letters)), "en")


@pytest.mark.parametrize(("language", "heading"), [("en", "Attachments"), ("fi", "Liitteet")])
def test_the_files_that_go_with_the_quote_are_named(language: str, heading: str) -> None:
    files = [{"name": name, "size": 9, "hash": "0" * 64} for name in ("Käyttöohje *1* #v.pdf", "Kuva_2.png")]
    assert f"{heading} • Käyttöohje *1* #v.pdf • Kuva_2.png" in " ".join(pages(content([line(1)], attachments=files), language))
    for nothing in (content([line(1)], attachments=[]), content([line(1)])):
        assert heading not in " ".join(pages(nothing, language))


@pytest.mark.req("S1.33")
@pytest.mark.parametrize("language", ["en", "fi"])
def test_every_amount_of_many_lines_is_the_one_that_was_frozen(language: str) -> None:
    made = many(45)
    found = pages(made, language)
    with translation.override(language):
        figures = [money(made["totals"][name]).translate(SPACES) for name in ("list_total", "net_total", "gross_total")]
        figures += [money(row["line_net"]).translate(SPACES) for row in made["lines"]]
    text = " ".join(found)
    assert [figure for figure in figures if figure not in text] == []
    header = "# Code" if language == "en" else "# Koodi"
    assert [number for number, page in enumerate(found, 1) if header not in page] == []
    assert [f"{number}/{len(found)}" in page for number, page in enumerate(found, 1)] == [True] * len(found)


@pytest.mark.parametrize(("lines", "printed"), [(200, 7), (1000, 31)])
def test_long_documents_are_printed_to_their_last_line(lines: int, printed: int) -> None:
    made = many(lines)
    reader = PdfReader(io.BytesIO(documents.pdf_of(made, parties(), "fi", url=URL)))
    last = next(text for page in reversed(reader.pages) if "Listahinnoin" in (text := page.extract_text().translate(SPACES)))
    with translation.override("fi"):
        total = money(made["totals"]["gross_total"]).translate(SPACES)
    assert (len(reader.pages), f"Kahvi numero {lines}" in last, total in last) == (printed, True, True)


@pytest.mark.parametrize(("count", "every", "height"), [(18, 2, 2), (18, 5, 1)])
def test_rows_are_never_split_and_what_belongs_together_stays_on_a_page(count: int, every: int, height: int) -> None:
    """Where the page ends between a line and its subtotal, and between the last line and the totals, if nothing holds them."""
    lines = [line(place, description={"en": "\n".join(["words"] * height), "fi": ""}) for place in range(1, count + 1)]
    places = range(1, count, every)
    sections = [{"kind": "section", "text": f"Part {place}", "before": place, "subtotal": "1.00"} for place in places]
    found = pages(content(lines, texts=sections), "en")
    assert len(found) == 2
    for page in found:
        assert page.count("words") == len(re.findall(r"SKU-\d+", page)) * height
        assert all(f"{part} SKU-{part}" in page.replace("Part ", "") for part in re.findall(r"Part (\d+) (?!€)", page))
        assert "Line net VAT Subtotal" not in page
    assert (f"SKU-{count} " in found[1], "At list price" in found[1]) == (True, True)


def test_a_text_that_is_taller_than_a_page_goes_on_on_the_next() -> None:
    words = "\n".join(f"Point {number}" for number in range(120))
    found = pages(content([line(1), line(2, description={"en": words, "fi": words}), line(3)]), "en")
    assert len(found) > 2
    assert all(f"Point {number}" in " ".join(found) for number in range(120))


def test_sections_without_content_disappear() -> None:
    made = content([line(1, discount_percent=None, net_price="10.0000", line_net="50.00")], payment_term=None, payment_type=None)
    text = " ".join(pages(made, "en"))
    gone = [
        "General terms",
        "Note",
        "Signature",
        "Delivery",
        "Discount on",
        "Discounts on",
        "Subtotal",
        "Payment term",
        "Contains",
    ]
    assert [words for words in gone if words in text] == []


def test_the_buyer_stands_in_the_window_of_the_envelope() -> None:
    places: dict[str, tuple[float, float]] = {}

    def note(text: str, page: list[float], matrix: list[float], *_font: Any) -> None:
        x, y = matrix[4] * page[0] + page[4], matrix[5] * page[3] + page[5]
        places.setdefault(text.strip(), (x / 72 * 25.4, 297 - y / 72 * 25.4))

    pdf = documents.pdf_of(content([line(1)]), parties(), "fi")
    PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=note)
    left, top = places["Ravintola Öljylamppu"]
    assert (19 < left < 22, 45 < top < 75) == (True, True)


def test_the_document_is_tagged_in_its_language_with_its_title_and_its_fonts() -> None:
    reader = PdfReader(io.BytesIO(documents.pdf_of(rich(), everything(), "fi", url=URL)))
    root = reader.trailer["/Root"]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "fi")
    assert "pdfuaid:part>1<" in root["/Metadata"].get_object().get_data().decode()
    assert reader.metadata is not None
    assert reader.metadata.title == "Tarjous Q-2026-00042, versio 2"
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert all(_is_embedded(font) for font in fonts)


def _is_embedded(font: Any) -> bool:
    inner = font["/DescendantFonts"][0]
    described = (inner.get_object() if isinstance(inner, IndirectObject) else inner)["/FontDescriptor"].get_object()
    return bool({"/FontFile2", "/FontFile3"} & set(described.keys()))


def test_a_draft_is_marked_and_has_no_address_to_answer_at() -> None:
    pdf = documents.pdf_of(content([line(1)]), parties(), "en", draft=True)
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert ("DRAFT" in text, "/q/" in text, "is printed here when the quote is sent" in text) == (True, False, True)
    assert "DRAFT" not in " ".join(pages(content([line(1)]), "en"))


def test_neither_cost_nor_margin_nor_internal_notes_are_printed() -> None:
    made = content([line(1, cost="6.0000", margin_percent="33.00", floor_price="8.0000")], internal_note="Älä kerro")
    assert not {"cost", "margin", "internal", "floor"} & set(
        re.findall(r"[a-z]+", str(paper_of(made, parties(), "en", draft=False)))
    )


def test_chosen_options_say_so_and_the_line_they_replace() -> None:
    taken = option(2, alternative_to=10, selected=True)
    found = " ".join(pages(content([line(1, selected=False), taken, option(3, selected=True)]), "en"))
    assert "Milk 1 Replaced by the alternative that is chosen, not in the total" in found
    assert "Milk 2 Alternative to line 1, chosen" in found
    assert "Milk 3 Option, chosen" in found


def test_the_same_content_gives_the_same_bytes() -> None:
    first = documents.pdf_of(rich(), everything(), "fi", url=URL)
    typesetting._compiled.cache_clear()
    assert documents.pdf_of(rich(), everything(), "fi", url=URL) == first


def test_a_preview_has_the_pages_and_the_figures_of_what_is_sent() -> None:
    for count in range(1, 36):
        given, who = content([line(position) for position in range(1, count + 1)]), parties()
        sent = PdfReader(io.BytesIO(documents.pdf_of(given, who, "en", url=URL)))
        shown = PdfReader(io.BytesIO(documents.pdf_of(given, who, "en", draft=True)))
        assert len(documents.preview_of(given, who, "en")) == len(shown.pages) == len(sent.pages), count
        figures = [
            [re.findall(r"€?\d[\d.,]*", page.extract_text().split("Your answer")[0]) for page in read.pages]
            for read in (shown, sent)
        ]
        assert figures[0] == figures[1], count
