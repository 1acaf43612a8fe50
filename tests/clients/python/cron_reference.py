"""Compares the next-fire times of random schedules with those of cronsim, an independent implementation.

usage: cron_reference.py PROGRAM CASES SEED

PROGRAM is the example cron_times of the engine. Where the rules differ on purpose the comparison leaves out just that;
each place names its reason.
"""

import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from cronsim import CronSim

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Pacific/Apia",
]
# Zones whose changes of the clock are not a whole hour: cronsim looks for an hour in steps of one.
HALF_HOURS = {"Australia/Lord_Howe"}
FIRST_YEAR, LAST_YEAR = 2005, 2037
TICKS = 12


def changes(zone):
    """The moments at which the zone's offset changes, with the seconds it changes by."""
    found = []
    step = timedelta(hours=6)
    at = datetime(FIRST_YEAR, 1, 1, tzinfo=timezone.utc)
    end = datetime(LAST_YEAR + 1, 1, 1, tzinfo=timezone.utc)
    offset = at.astimezone(zone).utcoffset()
    while at < end:
        later = at + step
        new = later.astimezone(zone).utcoffset()
        if new != offset:
            low, high = at, later
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == offset:
                    low = middle
                else:
                    high = middle
            found.append((int(high.timestamp()), int((new - offset).total_seconds())))
            offset = new
        at = later
    return found


def values(rng, low, high, names=()):
    """A field: a list of values and ranges, perhaps with steps or around the end, or a star with or without one."""

    def value(number):
        return rng.choice([names[number - low], names[number - low].lower()]) if names and rng.random() < 0.5 else str(number)

    kind = rng.random()
    if kind < 0.3:
        return "*"
    if kind < 0.45:
        return f"*/{rng.randint(1, high)}"
    parts = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        first = rng.randint(low, high - 1)
        # cronsim takes a range of one value with a step for a value with a step.
        last = rng.randint(first + 1, high)
        parts.append(
            rng.choice(
                [
                    value(first),
                    value(first),
                    f"{value(first)}-{value(last)}",
                    f"{first}-{last}/{rng.randint(1, 12)}",
                    f"{first}/{rng.randint(1, 12)}",
                    f"{value(last)}-{value(first)}",
                    f"{last}-{first}/{rng.randint(1, 12)}",
                ]
            )
        )
    return ",".join(parts)


MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()


def expression(rng):
    day, month, weekday = "*", "*", "*"
    if rng.random() < 0.5:
        day = rng.choice([values(rng, 1, 28), values(rng, 1, 28), "L", "LW", "1,L"])
    if rng.random() < 0.3:
        month = values(rng, 1, 12, MONTHS)
    if rng.random() < 0.4:
        number = rng.randint(0, 7)
        nth = f"{rng.choice([number, WEEKDAYS[number % 7]])}#{rng.randint(1, 5)}"
        weekday = rng.choice([values(rng, 0, 6, WEEKDAYS), values(rng, 0, 6, WEEKDAYS), nth, f"{number}L", f"MON,{nth}"])
    hours = values(rng, 0, rng.choice([4, 23]))
    seconds = [values(rng, 0, 59)] if rng.random() < 0.1 else []
    return [*seconds, values(rng, 0, 59), hours, day, month, weekday]


def for_cronsim(fields):
    """It has no ranges around the end of a field. Its day fields begin with a star only where they restrict nothing, as Debian's cron takes any such star
    for no restriction, and the open plugin for Faktory, as we, takes one with a step for a restriction. Its last
    day of the week is 7, so that an open range ends with Sunday."""
    *times, day, month, weekday = fields

    def restrict(field, low, high):
        parts = []
        for part in field.split(","):
            base, _, step = part.partition("/")
            if step and (base == "*" or "-" not in base):
                first = low if base == "*" else base
                part = f"{first}-{high}/{step}"
                if (base == "*" and step == "1"):
                    part = "*"
            parts.append(part)
        return ",".join(parts)

    def around(field, low, high, names=()):
        return ",".join(part_around(part, low, high, names) for part in field.split(","))

    def part_around(part, low, high, names):
        base, _, step = part.partition("/")
        first, dash, last = base.upper().partition("-")
        if not dash:
            return part
        first, last = (names.index(end) + low if end in names else int(end) for end in (first, last))
        if first <= last:
            return part
        length = high - low + 1
        return ",".join(str(low + (at - low) % length) for at in range(first, last + length + 1, int(step or 1)))

    *times, hour = times
    times = [around(field, 0, 59) for field in times] + [around(hour, 0, 23)]
    day, month = around(day, 1, 31), around(month, 1, 12, MONTHS)
    weekday = around(weekday, 0, 6, WEEKDAYS)
    return " ".join([*times, restrict(day, 1, 31), month, restrict(weekday, 0, 6)])


def reference_ticks(fields, zone, start, count):
    ticks = []
    for tick in CronSim(for_cronsim(fields), datetime.fromtimestamp(start, zone)):
        second = int(tick.timestamp())
        # It begins with the wall clock, which may show the same time again; times that a change of the clocks has
        # skipped come once each, all at the same moment.
        if second > start and (not ticks or second != ticks[-1]):
            ticks.append(second)
        if len(ticks) == count:
            break
    return ticks


def compare(fields, name, start, ours, theirs, zone_changes):
    """None if both agree; else what differs."""
    end = min(ours[-1:] + theirs[-1:], default=start)
    near = [(at, by) for at, by in zone_changes if start - 86400 < at <= end + 86400]
    minute, hour = fields[-5], fields[-4]
    # Reason "seconds": with them cronsim has no rules for changes of the clock.
    if near and len(fields) == 6:
        return "seconds"
    interval = any(sign in minute + hour for sign in "*/")
    interval_there = minute.startswith("*") or hour.startswith("*")
    # Reason "step": for Debian's cron only a star makes an interval, for us a step too.
    if near and interval != interval_there:
        return "step"
    # Reason "half hour": see HALF_HOURS.
    if near and interval and name in HALF_HOURS:
        return "half hour"
    ours = [tick for tick in ours if tick <= end]
    theirs = [tick for tick in theirs if tick <= end]
    # Reason "skipped midnight": cronsim begins a day at midnight, and where there is none an hour too late.
    wall_before = lambda at: datetime.fromtimestamp(at - 1, ZoneInfo(name)) + timedelta(seconds=1)
    if interval and any(by > 0 and wall_before(at).hour == 0 for at, by in near):
        return "skipped midnight"
    # Reason "stand-in": an interval of certain hours runs after a gap for the times in it, where Debian's cron
    # does not run it.
    if interval and hour not in ("*", "*/1"):
        gaps = {at for at, by in near if by > 0}
        ours = [tick for tick in ours if tick not in gaps or tick in theirs]
    if ours == theirs:
        return None
    show = lambda ticks: [str(datetime.fromtimestamp(tick, ZoneInfo(name))) for tick in ticks]
    sys.exit(f"{fields} in {name} after {start}:\nours   {show(ours)}\ntheirs {show(theirs)}")


def main():
    program, cases, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    zone_changes = {name: changes(ZoneInfo(name)) for name in ZONES}
    asked = []
    for _ in range(cases):
        name = rng.choice(ZONES)
        if zone_changes[name] and rng.random() < 0.7:
            start = rng.choice(zone_changes[name])[0] - rng.randint(-7200, 2 * 86400)
        else:
            year = rng.randint(FIRST_YEAR, LAST_YEAR - 1)
            start = int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()) + rng.randint(0, 365 * 86400)
        asked.append((name, start, expression(rng)))
    lines = "".join(f"{name}\t{start}\t{TICKS}\t{' '.join(fields)}\n" for name, start, fields in asked)
    done = subprocess.run([program], input=lines, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{program} failed: {done.stderr}")
    left_out = {}
    answers = done.stdout.splitlines()
    assert len(answers) == len(asked)
    for (name, start, fields), answer in zip(asked, answers):
        ours = [int(tick) for tick in answer.split()]
        theirs = reference_ticks(fields, ZoneInfo(name), start, TICKS)
        reason = compare(fields, name, start, ours, theirs, zone_changes[name])
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
    compared = cases - sum(left_out.values())
    print(f"{compared} schedules compared, left out: {left_out}")
    if compared < cases * 0.7:
        sys.exit("too few were compared")


main()
