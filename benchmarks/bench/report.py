"""The figures as a table, and as the page docs/benchmarks.md with its chart."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.bench.company import (
    GENESYS_PER_MINUTE,
    GENESYS_SECONDS,
    OKTA_SECONDS,
    RECONCILE_TICK_SECONDS,
    STORE_SECONDS,
)
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
that users and groups may use. "bridge / bound" compares times, "calls / bound" calls to Genesys Cloud. "429" are
refusals of Genesys Cloud; those of Okta to this credential stand at the end. The half of each of Okta's limits that it
does not get stays free for others whatever the bridge does: no row exhausts an org's limit.

- **Adoption by events**: nobody knows beforehand who has an account. After a 409 the next creation searches first,
  after an empty search POST comes first again. An account costs a search and a PATCH, and a POST in vain where POST
  came first; one that is missing costs a POST, and a search in vain where that came first. Where all have an account,
  or every other one in any order, that is two calls a person on average, which is the bound.
- **Hires whose membership comes before their account**: one call each, and one for each 50 members. What follows once
  all are members are syncs of the group that find nothing left.
- **First reconcile**: {ticks:g} minutes of it are two ticks of the reconciler's schedule: the first begins it, the
  second finds what the queues did meanwhile.
- **5,000 people unassigned at once**: the bridge uses its half of Okta's `/apps` limit, 50 calls a minute, while the
  first of them are read alone and the listing is read; the other 50 stay for others.

"""


def table(rows: Mapping[str, Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| work | bridge | native | bound | bridge / bound | SCIM | calls / bound | Okta calls | 429 | store | more |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows.values():
        done = "" if row.done else " (not done)"
        figures = {**row.more, **({"429 of Okta": row.okta_refused} if row.okta_refused else {})}
        more = ", ".join(f"{name.replace('_', ' ')} {value:.0f}" for name, value in figures.items())
        lines.append(
            f"| {row.name} | {_time(row.seconds)}{done} | {_time(seconds_for(row.native))} "
            f"| {_time(row.bound)} | {row.seconds / row.bound:.2f} | {row.scim:,} "
            f"| {row.scim / row.least:.2f} | {row.okta:,} | {row.refused} "
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
        ticks=2 * RECONCILE_TICK_SECONDS / MINUTE,
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
