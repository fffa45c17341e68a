"""What members may do by themselves in Stripe's customer portal, and by which rules of ours. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def portal_features(products: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A higher plan holds at once and its difference is paid at once; a lower one, or one by the month in place of one
    by the year, comes when what is paid for is over, and so does the end. `products` are their prices, by product."""
    return {
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        "subscription_update": {
            "enabled": bool(products),
            "default_allowed_updates": ["price"],
            "products": [{"product": product, "prices": list(prices)} for product, prices in products.items()],
            "proration_behavior": "always_invoice",
            "schedule_at_period_end": {
                "conditions": [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]
            },
        },
    }


def portal_name(features: Mapping[str, Any]) -> str:
    """The same for the same features, so that a configuration is made once."""
    return hashlib.sha256(json.dumps(features, sort_keys=True).encode()).hexdigest()[:32]
