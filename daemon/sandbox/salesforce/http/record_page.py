"""The page at a record's link: its fields, its details and its notes, to read only."""

from flask import Response, render_template_string

from daemon.sandbox.salesforce.org import Org

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ record.Name or record.Title or record.Id }}</title>
<style>body{font:15px system-ui;margin:2em auto;max-width:52em} th{text-align:left;font-weight:normal;color:#666}
td,th{padding:.15em 1em .15em 0;vertical-align:top;white-space:pre-wrap} h2{margin-top:1.5em}</style></head><body>
<h1>{{ label }} {{ record.Name or record.Title or record.Id }}</h1>
<table>{% for name, value in record.items() if value is not none %}<tr><th>{{ name }}</th><td>{{ value }}</td></tr>
{% endfor %}</table>
{% for title, details in related if details %}<h2>{{ title }}</h2>
<ul>{% for detail in details %}<li><a href="/{{ detail.Id }}">{{ detail.Name }}</a></li>{% endfor %}</ul>{% endfor %}
{% if notes %}<h2>Notes</h2>{% for note in notes %}<h3>{{ note.title }}</h3><p style="white-space:pre-wrap">
{{- note.text }}</p>{% endfor %}{% endif %}
</body></html>
"""


def record_page(org: Org, record_id: str) -> Response:
    """Return the page of one record. Every value is escaped: a note's text is shown, never run."""
    with org.mutex:
        name = org.object_of(record_id)
        if name is None:
            return Response("This record does not exist.", 404, mimetype="text/plain")
        row = org.row(name, record_id) or {}
        related = [
            (
                other.label + "s",
                [org.row(other.name, found) for found in org.ids_with(other.name, field.name, record_id)],
            )
            for other in org.objects.values()
            for field in other.fields
            if name in field.reference_to and other.custom
        ]
        notes = org.notes_of(record_id)
    page = render_template_string(_PAGE, label=org.objects[name].label, record=row, related=related, notes=notes)
    return Response(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})
