"""`{% remember %}`: a part of a page that depends on its language and on a few named values only, rendered once per process."""

from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

MOST = 500


class Remember(Node):
    """Renders its content with nothing but the named values, so that nobody gets to see what was rendered for another."""

    def __init__(self, nodelist: NodeList, values: dict[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.values = values
        self.rendered: dict[tuple[Any, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        given = {name: value.resolve(context) for name, value in self.values.items()}
        key = (get_language(), *given.values())
        found = self.rendered.get(key)
        if found is None:
            if len(self.rendered) >= MOST:
                self.rendered.clear()
            found = self.rendered[key] = self.nodelist.render(context.new(given))
        return found


@register.tag
def remember(parser: Parser, token: Token) -> Remember:
    """`{% remember name=value … %} … {% endremember %}`; the values are hashable and not secret."""
    bits = token.split_contents()[1:]
    values = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError("remember takes name=value only")
    nodelist = parser.parse(("endremember",))
    parser.delete_first_token()
    return Remember(nodelist, values)
