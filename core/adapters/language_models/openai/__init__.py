"""OpenAI's models, and those of any server that speaks its Chat Completions."""

from core.adapters.language_models.openai.model import OpenAIModel, create

__all__ = ["OpenAIModel", "create"]
