"""Stripe, as the use cases know it. The only place that its library is used in."""
