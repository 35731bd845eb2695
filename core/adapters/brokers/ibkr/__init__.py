"""Interactive Brokers, through a running TWS or IB Gateway.

Source: https://ibkrcampus.com/campus/ibkr-api-page/twsapi-doc/
"""

from core.adapters.brokers.ibkr.broker import IbkrBroker, create

__all__ = ["IbkrBroker", "create"]
