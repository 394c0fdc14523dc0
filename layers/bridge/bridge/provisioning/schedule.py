"""How often a schedule of EventBridge Scheduler comes, and whether a comparison is overdue by it.

The forms are those of the EventBridge Scheduler User Guide, "Schedule types": ``rate(value unit)`` and ``cron(minutes
hours day-of-month month day-of-week year)`` with ``, - * / ? L W #``. The time zone does not matter here: only the time
between two comparisons is asked for.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from bridge.provisioning.runs import Run

#: So much longer than its schedule says a comparison may keep people waiting: it takes its time, and is tried again.
GRACE = timedelta(hours=6)
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
#: A day from which two years are looked through, so that a 29th of February is among them.
_FROM, _DAYS = date(2027, 3, 1), 731
_WEEK, _LAST_WORKING_DAY = 7, 5


def is_overdue(run: Run | None, expression: str, now: datetime) -> bool:
    """Whether the newest comparison should have been followed by another; never where the schedule says no interval."""
    longest = longest_gap(expression)
    if run is None or longest is None:
        return False
    return now - (run.ended or run.started) > longest + GRACE


@lru_cache
def longest_gap(expression: str) -> timedelta | None:
    """The longest time between two of a schedule's times; None where it has fewer than two, or is not understood."""
    rate = _RATE.fullmatch(expression)
    if rate:
        return timedelta(**{f"{rate[2]}s": int(rate[1])})
    fields = expression.removeprefix("cron(").removesuffix(")").upper().split()
    try:
        minutes, hours, days, months, weekdays, _year = fields
        times = [
            timedelta(hours=hour, minutes=minute)
            for hour in sorted(_numbers(hours, 0, 23))
            for minute in sorted(_numbers(minutes, 0, 59))
        ]
        in_months = _numbers(months, 1, 12, _MONTHS)
        found = [
            day
            for day in (_FROM + timedelta(days=number) for number in range(_DAYS))
            if day.month in in_months and _is_day_of_month(day, days) and _is_weekday(day, weekdays)
        ]
    except ValueError:
        return None
    within = [later - earlier for earlier, later in pairwise(times)]
    between = [(later - earlier) + times[0] - times[-1] for earlier, later in pairwise(found)]
    return max([*within, *between]) if between else None


def _numbers(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> set[int]:
    """The numbers of a field of lists, ranges and steps."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = least if first in {"*", "?"} else _number(first, least, names)
        end = _number(last, least, names) if last else begin if not step and first not in {"*", "?"} else most
        if not least <= min(begin, end) <= max(begin, end) <= most:
            raise ValueError(field)
        if begin > end:  # such as FRI-MON
            end += most - least + 1
        found |= {least + (number - least) % (most - least + 1) for number in range(begin, end + 1, int(step or 1))}
    return found


def _number(text: str, least: int, names: tuple[str, ...]) -> int:
    return least + names.index(text) if text in names else int(text)


def _is_day_of_month(day: date, field: str) -> bool:
    last = monthrange(day.year, day.month)[1]
    if field == "L":
        return day.day == last
    if field.endswith("W"):  # the working day that is nearest, within the month
        wanted = date(day.year, day.month, last if field == "LW" else min(int(field[:-1]), last))
        return day == _nearest_working_day(wanted, last)
    return day.day in _numbers(field, 1, 31)


def _nearest_working_day(wanted: date, last: int) -> date:
    past = wanted.isoweekday() - _LAST_WORKING_DAY
    if past <= 0:
        return wanted
    shift = -1 if past == 1 else 1
    if not 1 <= wanted.day + shift <= last:
        shift *= -2
    return wanted + timedelta(days=shift)


def _is_weekday(day: date, field: str) -> bool:
    number = day.isoweekday() % _WEEK + 1  # Sunday is 1
    if "#" in field:
        weekday, _, which = field.partition("#")
        return number == _number(weekday, 1, _WEEKDAYS) and (day.day - 1) // _WEEK + 1 == int(which)
    if field.endswith("L"):
        last = day.day + _WEEK > monthrange(day.year, day.month)[1]
        return number == _number(field[:-1] or "7", 1, _WEEKDAYS) and (last or field == "L")
    return number in _numbers(field, 1, _WEEK, _WEEKDAYS)
