"""The site tells of batches: it is tested on the deliveries of the ground's own tests."""

from tests.street.conftest import MONDAY, Deliveries, deliveries

__all__ = ["MONDAY", "Deliveries", "deliveries"]
