"""The desk: one method for each thing that an operator may ask or press."""

from core.desk.desk import Desk

__all__ = ["Desk"]
