#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random programmes and random things that happen under them, as stories: whatever comes of it, nothing is BROKEN.

  random_stories.py TALLY PLAIN_JSON [COUNT]

TALLY_SEED (printed) says which stories. One that breaks is printed; `tally story` tells it again.
"""
import datetime
import os
import random
import subprocess
import sys
import tempfile

FIRST_DAY = datetime.date(2026, 3, 1)
PERIODS = ("month", "quarter", "year", "anniversary")


def flag(rng):
    return rng.choice(("true", "false"))


def some_rules(rng):
    cap = rng.choice(("sale", "day", "month", "campaign", "lifetime"))
    pool = (
        '{"code":"tea","multiply_pct":%d,"lines":{"categories":["tea"]}}' % rng.choice((0, 50, 150, 200, 300)),
        '{"code":"item","points":%d,"per_items":1,"purse":"stamps"}' % rng.choice((1, 2)),
        '{"code":"third","points":%d,"when":{"visit_every":3},"multiplied":%s}'
        % (rng.choice((5, 50)), flag(rng)),
        '{"code":"spring","points":1,"per_minor":50,"lines":{"skus":["A","B"]},"when":{"from":"2026-03-01",'
        '"until":"2026-04-15"},"caps":[{"per":"%s","points":%d,"refuses":%s}]}'
        % (cap, rng.choice((10, 40)), flag(rng)),
        '{"code":"rolling","points":2,"per_minor":300,"caps":[{"per":{"rolling_days":10},"points":30}],"uses":6}',
        '{"code":"club","gives_tier":"gold","months":2,"lines":{"skus":["CLUB"]}}',
        '{"code":"later","points":3,"expiry":{"kind":"days","days":20},"pending":{"kind":"days","days":3}}',
    )
    return rng.sample(pool, rng.randint(1, len(pool)))


def some_rewards(rng):
    pool = (
        ("FIVE", '"kind":"amount","amount_minor":%d,"cost":%d' % (rng.choice((100, 777)), rng.choice((1, 10, 50)))),
        ("PCT", '"kind":"percent","percent":%d,"automatic":%s,"when":{"codes":["P"]}'
                % (rng.choice((7, 100)), flag(rng))),
        ("CAKE", '"kind":"item","lines":{"categories":["tea"]},"cost_purse":"stamps","cost":%d,'
                 '"limits":[{"per":"day","times":2}]' % rng.choice((1, 3))),
        ("MORE", '"kind":"bundle","automatic":true,"lines":{"skus":["A"]},"buy":2,"get":1,"percent":%d'
                 % rng.choice((50, 100))),
        ("MUG", '"kind":"gift","cost":%d,"total":3' % rng.choice((5, 20))),
        ("GOAL", '"kind":"purse","automatic":true,"gives_purse":"free","cost_purse":"%s","cost":%d'
                 % (rng.choice(("points", "stamps")), rng.choice((4, 9, 60)))),
        ("USE", '"kind":"percent","percent":20,"cost_purse":"free","cost":1'),
    )
    return rng.sample(pool, rng.randint(2, len(pool)))


def some_tiers(rng):
    named = tuple('"%s"' % name for name in PERIODS + ("lifetime",))
    window = rng.choice(named + ('{"rolling_days":20}', '{"rolling_months":1}'))
    is_period = window.strip('"') in PERIODS
    hold = rng.choice(('"none"', '"ever"', '{"months":1}') + (('"period"', '"next_period"') if is_period else ()))
    downgrade = rng.choice(("to_fit", "never") + (("one_step",) if is_period and hold != '"none"' else ()))
    return ('{"metric":"%s","window":%s,"hold":%s,"downgrade":"%s","grace":%s,"levels":[{"code":"basic"},'
            '{"code":"silver","threshold":%d,"multiplier_pct":150},'
            '{"code":"gold","threshold":%d,"multiplier_pct":200}]}'
            % (rng.choice(("spend", "points", "visits", "balance")), window, hold, downgrade,
               rng.choice(("{}", '{"days":4}')), rng.choice((3, 100)), rng.choice((200, 5000))))


def programme(rng, rewards):
    lines = ["earn.rules.%d=%s" % (number, rule) for number, rule in enumerate(some_rules(rng), 2)]
    lines += [
        "earn.rules.1.rounding=" + rng.choice(("floor", "half_up", "half_even", "ceil")),
        "earn.rules.1.whole_steps=" + flag(rng),
        "earn.rules.1.per_line=" + flag(rng),
        "earn.multipliers=" + rng.choice(("compound", "sum", "best")),
        "earn.on_redeemed=" + flag(rng),
        "earn.on_discounts=" + flag(rng),
        "earn.pending=" + rng.choice(('{"kind":"none"}', '{"kind":"days","days":2}',
                                      '{"kind":"day","day":"2026-03-20"}')),
        'purses=[{"code":"stamps"%s},{"code":"free"%s}]'
        % (rng.choice(("", ',"expiry":{"kind":"days","days":30}', ',"per_sale_max":4')),
           rng.choice(("", ',"pending":{"kind":"days","days":2}'))),
        "rewards=[%s]" % ",".join('{"code":"%s",%s}' % reward for reward in rewards),
        "expiry=" + rng.choice(('{"kind":"never"}', '{"kind":"days","days":15}', '{"kind":"months","months":1}',
                                '{"kind":"inactive","months":1}', '{"kind":"end_of_month","months":0}',
                                '{"kind":"fixed","day":"2026-04-10"}')),
        'redeem={"step_points":%d,"step_value_minor":%d,"maximum_share_pct":%d%s}'
        % (rng.choice((1, 5)), rng.choice((1, 7, 20)), rng.choice((50, 100)),
           rng.choice(("", ',"limits":[{"per":"month","points":200}]',
                       ',"member_limits":[{"per":"week","points":60}]'))),
        "redeem.earned_pays=" + flag(rng),
        'refunds={"capped_first":%s,"policy":"%s","pending_first":%s,"grace_days":%d,"by":"%s"}'
        % (flag(rng), rng.choice(("debt", "clamp", "refuse", "pending")), flag(rng), rng.choice((0, 5)),
           rng.choice(("line", "amount"))),
        "holds.minutes=%d" % rng.choice((5, 2000)),
        "tiers=" + some_tiers(rng),
        'awards=[{"code":"HELLO","kind":"sign_up","points":10},'
        '{"code":"BROUGHT","kind":"referrer","points":9,"uses":2},'
        '{"code":"FRIEND","kind":"referred","points":4,"uses":1},'
        '{"code":"LUCK","kind":"surprise","every":4,"points":6},'
        '{"code":"MONTH","kind":"period","per":"month","points":1,"purse":"free"},'
        '{"code":"BIRTHDAY","kind":"birthday","points":3}]',
        'transfer={"allowed":true,"renews_expiry":%s}' % flag(rng),
    ]
    for likely, line in (
            (0.4, 'merchants=[{"code":"a","shops":[1],"earn_pct":50,"issue_price_micro":1000000},'
                  '{"code":"b","shops":[2]}]'),
            (0.4, 'guards=[{"kind":"card_sales_hour","limit":3},{"kind":"card_earned_day","limit":50},'
                  '{"kind":"card_redeemed_day","limit":20},{"kind":"card_sales_day","limit":2,"refuses":true}]'),
            (0.4, 'earn.tenders_without_points=["gift"]'),
            (0.4, 'earn.caps=[{"per":"%s","points":%d}]'
                  % (rng.choice(("sale", "day", "month")), rng.choice((15, 80))))):
        if rng.random() < likely:
            lines.append(line)
    return lines


class Story:
    """What has happened so far, as far as the next line needs it."""

    def __init__(self, rng, plain):
        self.rng = rng
        rewards = some_rewards(rng)
        self.codes = [code for code, _ in rewards]
        self.lines = ["programme " + plain] + ["with " + line for line in programme(rng, rewards)]
        self.members, self.sales, self.holds, self.alone = [], [], [], set()
        self.day, self.minute, self.number = 0, 9 * 60, 0

    def till(self):
        till = self.rng.choice((1, 1, 2, 3))
        if self.rng.random() < 0.1:
            self.alone ^= {till}
        shop = self.rng.choice(("", "", " shop=1", " shop=2"))
        return "till=%d%s%s " % (till, " offline" if till in self.alone else "", shop)

    def moment(self):
        self.minute += self.rng.choice((0, 1, 1, 2, 7, 30))
        if self.minute >= 24 * 60 or self.rng.random() < 0.12:
            self.day, self.minute = self.day + self.rng.choice((1, 1, 2, 5, 12, 31)), 9 * 60
        return "%s %02d:%02d " % (FIRST_DAY + datetime.timedelta(days=self.day), self.minute // 60, self.minute % 60)

    def enrolment(self):
        name = "abc"[len(self.members)]
        first = self.members[0] if self.members else None
        self.members.append(name)
        if first and self.rng.random() < 0.3:
            return "%s%s joins %s" % (self.till(), name, first)
        friend = " referred_by=" + first if first and self.rng.random() < 0.5 else ""
        return "%s%s enrols birthday=03-1%d%s" % (self.till(), name, self.rng.randint(0, 9), friend)

    def basket(self):
        rng, parts = self.rng, []
        for _ in range(rng.randint(1, 4)):
            price = "%d.%02d" % (rng.randint(0, 40), rng.randint(0, 99))
            parts.append(rng.choice(("%d x %s" % (rng.randint(1, 5), price), price,
                                     price + " quantity=0.%03d" % rng.randint(1, 999))))
            parts.append("sku=" + rng.choice("AABC") if rng.random() < 0.9 else "sku=CLUB")
            parts.append(rng.choice(("", "cat=tea", "cat=x,tea")))
        return " ".join(parts)

    def sale(self, member):
        rng, words = self.rng, [self.till() + member, "buys", self.basket()]
        self.number += 1
        if rng.random() < 0.8:
            self.sales.append("r%d" % self.number)
            words.append("ref=" + self.sales[-1])
        for likely, word in ((0.35, "redeem=" + rng.choice(("most", "5", "50"))), (0.3, "code=P"),
                             (0.3, "hold=" + rng.choice(self.holds) if self.holds else ""),
                             (0.35, "claims %s x%d" % (rng.choice(self.codes), rng.randint(1, 2))),
                             (0.2, "pays gift=%d.00" % rng.randint(1, 9))):
            if rng.random() < likely:
                words.append(word)
        return " ".join(words)

    def undoing(self):
        rng, sale = self.rng, self.rng.choice(self.sales[-6:])
        quantity = rng.choice(("", " quantity=1", " quantity=0.5", " quantity=0.001"))
        return rng.choice(("void " + sale, self.till() + "refund " + sale,
                           "%srefund %s line=%d%s" % (self.till(), sale, rng.randint(1, 2), quantity)))

    def hold(self, member):
        self.number += 1
        self.holds.append("h%d" % self.number)
        return "%s%s holds %d ref=%s" % (self.till(), member, self.rng.choice((1, 5, 20)), self.holds[-1])

    def office(self, member):
        rng = self.rng
        until = FIRST_DAY + datetime.timedelta(days=self.day + 20)
        return rng.choice((
            "%s brings %d%s" % (member, rng.randint(0, 200),
                                rng.choice(("", " expires=never", " purse=stamps", " counts=50"))),
            "%s gets %d" % (member, rng.choice((5, 50, -5, -30))),
            "%s gets tier=%s until=%s" % (member, rng.choice(("silver", "gold", "none")), until),
            "%s gives %d to=%s" % (member, rng.choice((1, 10, 60)), rng.choice(self.members)),
            "%s merges into=%s" % (member, rng.choice(self.members)),
            "night", "clearing", "surprises seed=%d" % rng.randint(1, 9), "till=1 connects",
            "%s blocked" % member, "%s unblocked" % member, "%s unblocked" % member))

    def happening(self):
        member, kind = self.rng.choice(self.members or [""]), self.rng.random()
        if not self.members or (len(self.members) < 3 and self.rng.random() < 0.2):
            return self.enrolment()
        if kind < 0.5 or (kind < 0.72 and not self.sales):
            return self.sale(member)
        if kind < 0.72:
            return self.undoing()
        if kind < 0.78:
            return self.hold(member)
        if kind < 0.8 and self.holds:
            return "release " + self.rng.choice(self.holds)
        return self.office(member)

    def text(self):
        for _ in range(self.rng.randint(30, 90)):
            self.lines.append(self.moment() + self.happening())
        return "\n".join(self.lines) + "\n"


def main():
    tally, plain = sys.argv[1], os.path.abspath(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    seed = int(os.environ.get("TALLY_SEED", "20260301"))
    print("TALLY_SEED=%d, %d stories" % (seed, count), flush=True)
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "random.story")
        for number in range(count):
            text = Story(random.Random(seed + number), plain).text()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            told = subprocess.run([tally, "story", path], capture_output=True, text=True, check=False)
            done += told.stdout.count("\n") - told.stdout.count("  DIFF  ") * 2
            if told.returncode not in (0, 1) or "BROKEN" in told.stdout:
                print(text, told.stdout, told.stderr, "TALLY_SEED=%d" % (seed + number), sep="\n")
                return 1
    print("%d lines were done, nothing is broken" % done)
    return 0 if done > 10 * count else 1


if __name__ == "__main__":
    sys.exit(main())
