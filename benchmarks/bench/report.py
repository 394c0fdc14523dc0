"""The figures as a table, and as the page docs/benchmarks.md with its chart."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.bench.company import GENESYS_PER_MINUTE, GENESYS_SECONDS, OKTA_SECONDS, STORE_SECONDS
from benchmarks.bench.scenarios import Row, seconds_for

MINUTE = 60
_HEAD = """# Benchmarks

The real handlers on a virtual clock: as many environments of the consumer as the template has; {per_minute} Genesys
Cloud calls a minute, enforced with 429; Okta's published limits, of which a credential gets half. A call to Okta takes
{okta:g} s, one to Genesys Cloud {genesys:g} s, one to the state table {store:g} s. The same code gives the same figures
on every machine.

```sh
make bench          # every row, printed and written to this page
```

Three ways side by side: the bridge; the native application's documented pattern, which is a GET and a PUT for each user
and each member, at the same rate; and the lower bound, the fewest calls that the change needs at the 95 % of the limit
that users and groups may use.

"""


def table(rows: Mapping[str, Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| work | bridge | native | bound | bridge / bound | SCIM calls | Okta calls | 429 | store calls | more |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows.values():
        done = "" if row.done else " (not done)"
        more = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in row.more.items())
        lines.append(
            f"| {row.name} | {_time(row.seconds)}{done} | {_time(seconds_for(row.native))} "
            f"| {_time(row.bound)} | {row.seconds / row.bound:.2f} | {row.scim:,} | {row.okta:,} | {row.refused} "
            f"| {row.store:,} | {more} |"
        )
    return "\n".join(lines)


def page(rows: Mapping[str, Row]) -> str:
    """The whole page."""
    head = _HEAD.format(
        per_minute=GENESYS_PER_MINUTE,
        okta=OKTA_SECONDS,
        genesys=GENESYS_SECONDS,
        store=STORE_SECONDS,
    )
    return f"{head}{table(rows)}\n\n{_chart(rows)}\n"


def _chart(rows: Mapping[str, Row]) -> str:
    """Minutes of the rows that take more than one, as a chart that Markdown viewers draw."""
    long = {key: row for key, row in rows.items() if row.bound >= MINUTE}
    keys = ", ".join(f'"{key}"' for key in long)
    series = [
        ("bar", [seconds_for(row.native) / 60 for row in long.values()]),
        ("bar", [row.seconds / 60 for row in long.values()]),
        ("line", [row.bound / 60 for row in long.values()]),
    ]
    drawn = "\n".join(f"  {kind} [{', '.join(f'{value:.1f}' for value in values)}]" for kind, values in series)
    return f"""```mermaid
xychart-beta
  title "Minutes: native application and bridge (bars), lower bound (line)"
  x-axis [{keys}]
  y-axis "minutes"
{drawn}
```"""


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= MINUTE else f"{seconds:.0f} s"
