"""Renders a report as GitHub does and prints what a page then holds: elements by name, and the cells of each row."""

import collections
import html.parser
import json
import sys

import cmarkgfm
from cmarkgfm.cmark import Options


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.elements = collections.Counter()
        self.rows = []
        self.open = []

    def handle_starttag(self, tag, attributes):
        self.elements[tag] += 1
        if tag not in ("br", "hr", "img", "input"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-1:]}"
        self.open.pop()


page = Page()
with open(sys.argv[1], encoding="utf-8") as file:
    page.feed(cmarkgfm.github_flavored_markdown_to_html(file.read(), options=Options.CMARK_OPT_UNSAFE))
assert not page.open, page.open
print(json.dumps({"elements": page.elements, "rows": page.rows}))
