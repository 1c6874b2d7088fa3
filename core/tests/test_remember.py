"""What is remembered of a page, and that nobody sees another person's."""

from typing import Any

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation


class Counter:
    """Counts how often it is drawn."""

    def __init__(self) -> None:
        self.drawn = 0

    def __str__(self) -> str:
        self.drawn += 1
        return "x"


def render(source: Template, **values: Any) -> str:
    return source.render(Context(values))


def test_a_part_is_drawn_once_per_language_and_value() -> None:
    page = Template("{% remember name=name count=count %}{% translate 'Quantity' %} {{ name }} {{ count }}{% endremember %}")
    counter = Counter()
    for language in ("en", "fi", "en"):
        with translation.override(language):
            for name in ("a", "b", "a"):
                assert render(page, name=name, count=counter).endswith(f"{name} x")
    assert counter.drawn == 4


def test_a_part_sees_only_what_is_named() -> None:
    page = Template("{{ secret }}{% remember name=name %}{{ name }}{{ secret }}{% endremember %}")
    assert render(page, name="<b>", secret="s3") == "s3&lt;b&gt;"


def test_a_part_does_not_see_the_users_request(rf: Any) -> None:
    from django.template import RequestContext

    page = Template("{% remember %}{% csrf_token %}{{ user }}{{ request.path }}{% endremember %}")
    assert page.render(RequestContext(rf.get("/mine/"), {"user": "eeva", "csrf_token": "t0ken"})) == ""


@pytest.mark.parametrize("tag", ["{% remember name %}", "{% remember 'x' %}"])
def test_values_must_be_named(tag: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        Template(tag + "{% endremember %}")


def test_it_does_not_remember_without_end() -> None:
    page = Template("{% remember name=name %}{{ name }}{% endremember %}")
    for number in range(1200):
        assert render(page, name=number) == str(number)
    assert len(page.nodelist[0].rendered) <= 500
