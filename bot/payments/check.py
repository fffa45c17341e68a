"""Looks at the Stripe side of an installation: the key, and whether each price is what the settings say."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import stripe

from bot.domain.finding import Finding, Health
from bot.domain.money import Money
from bot.domain.plan import Article, Billing, Catalogue
from bot.payments.till import stripe_client

INTERVALS = {Billing.MONTHLY: "month", Billing.YEARLY: "year"}
PUBLISHABLE = "pk_"
FOR_TESTS = ("sk_test_", "rk_test_")


async def check_stripe(key: str, catalogue: Catalogue, api_url: str = "") -> list[Finding]:
    if key.startswith(PUBLISHABLE):
        return [Finding("stripe key", Health.BAD, "That is the publishable key; a secret or restricted one is needed.")]
    findings = []
    async with stripe_client(key, api_url) as client:
        for article in catalogue.price_tags:
            try:
                price = await client.v1.prices.retrieve_async(article.id)
            except stripe.AuthenticationError:
                return [Finding("stripe key", Health.BAD, "Stripe does not accept it. Copy it from the dashboard.")]
            except stripe.PermissionError:
                return [_may_not_read("prices")]
            except stripe.InvalidRequestError:
                findings.append(_bad(article, f"Stripe knows no such price {_for_whom(key)}."))
            except (stripe.StripeError, aiohttp.ClientError, TimeoutError) as trouble:
                return [_not_asked(trouble)]
            else:
                findings.append(compare(article, price.to_dict(), catalogue.price_of(article)))
        try:
            await client.v1.disputes.list_async({"limit": 1})
        except stripe.PermissionError:
            findings.append(_may_not_read("disputes"))
        except (stripe.StripeError, aiohttp.ClientError, TimeoutError) as trouble:
            findings.append(_not_asked(trouble))
    if key.startswith(FOR_TESTS):
        findings.append(Finding("stripe key", Health.WARNING, "It is one for tests: nobody really pays."))
    return findings


def compare(article: Article, price: Mapping[str, Any], expected: Money | None) -> Finding:
    """What Stripe asks for an article is what is paid; what the settings say is what members read before."""
    interval = (price.get("recurring") or {}).get("interval")
    wanted = INTERVALS[article.billing] if article.plan else None
    if article.is_offered and not price.get("active"):
        return _bad(article, "The price is archived at Stripe.")
    if interval != wanted or (price.get("recurring") or {}).get("interval_count", 1) != 1:
        names = {None: "paid once", "month": "paid by the month", "year": "paid by the year"}
        return _bad(article, f"It should be {names[wanted]}, and is {names.get(interval, f'paid by the {interval}')}.")
    if price.get("unit_amount") is None:
        return _bad(article, "The price has no fixed amount.")
    asked = Money(int(price["unit_amount"]), str(price["currency"]).upper())
    if article.is_offered and expected is not None and asked != expected:
        sentence = f"Stripe asks for {asked}, and the settings say {expected}."
        return Finding(f"price {article.id}", Health.WARNING, sentence)
    return Finding(f"price {article.id}", Health.GOOD, f"{asked} for {_name(article)}.")


def _may_not_read(what: str) -> Finding:
    return Finding("stripe key", Health.BAD, f"It may not read {what}. docs/plans.md lists what it needs.")


def _not_asked(trouble: Exception) -> Finding:
    return Finding("stripe", Health.BAD, f"Stripe could not be asked ({trouble}). Check the network.")


def _bad(article: Article, sentence: str) -> Finding:
    return Finding(f"price {article.id}", Health.BAD, f"{_name(article)}: {sentence}")


def _name(article: Article) -> str:
    return article.plan or article.pack or f"{article.hours} hours"


def _for_whom(key: str) -> str:
    return "among those for tests" if key.startswith(FOR_TESTS) else "among the real ones"
