"""The chart of docs/performance.md: how fast the documents are, relative to the bare view."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from benchmarks.documents import BARE, NGINX, SERVERS
from benchmarks.results import Row, base_of, find, ratio

WIDTH, LEFT, RIGHT, LINE = 760, 190, 60, 26
STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
    .server { font-weight: 700; }
    .name { text-anchor: end; }
    .ours { fill: #1d5fa8; }
    .others { fill: #6e7781; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .ours { fill: #58a6ff; }
      .others { fill: #8b949e; }
    }
"""


def draw(rows: list[Row]) -> str:
    """Return the chart as SVG."""
    panels = {server: lowest(server, rows) for server in SERVERS}
    panels = {server: ratios for server, ratios in panels.items() if ratios}
    lines, top = [], 0
    for server, ratios in panels.items():
        lines += _panel(server, ratios, top)
        top += LINE * (len(ratios) + 2)
    description = "; ".join(
        f"{server}: " + ", ".join(f"{name} {value:.2f}" for name, value in ratios.items())
        for server, ratios in panels.items()
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img"'
            ' aria-labelledby="title desc">',
            f'  <title id="title">Requests per second, relative to the {BARE}</title>',
            f'  <desc id="desc">{escape(description)}.</desc>',
            f"  <style>{STYLE}  </style>",
            *(f"  {line}" for line in lines),
            "</svg>\n",
        ]
    )


def lowest(server: str, rows: list[Row]) -> dict[str, float]:
    """Return for each contender the ratio to the bare view of its slowest document."""
    ratios: dict[str, float] = {}
    for row in find(rows, subject="documents", group=server):
        base = base_of(row, BARE, rows)
        # nginx is so much faster that the other bars would vanish.
        if base and row.contender != NGINX:
            known = ratios.get(row.contender, float("inf"))
            ratios[row.contender] = min(known, ratio(row, base))
    return ratios


def _panel(server: str, ratios: dict[str, float], top: int) -> Iterator[str]:
    scale = (WIDTH - LEFT - RIGHT) / max(ratios.values())
    yield f'<text class="server" x="0" y="{top + 18}">{server}</text>'
    for index, (name, value) in enumerate(ratios.items(), 1):
        y = top + LINE * index
        kind = "ours" if name.startswith("our ") else "others"
        length = value * scale
        yield f'<text class="name" x="{LEFT - 10}" y="{y + 18}">{escape(name)}</text>'
        yield f'<rect class="{kind}" x="{LEFT}" y="{y + 5}" width="{length:.1f}" height="17"/>'
        yield f'<text x="{LEFT + length + 6:.1f}" y="{y + 18}">{value:.2f}</text>'
