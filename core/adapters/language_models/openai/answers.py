"""What came back, in either of OpenAI's two forms, to a checked answer."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from core.adapters.language_models.openai.model import NAME
from core.domain.model_calls import Answer, AnswerT, ModelParameters, Usage
from core.domain.text import plain_text
from core.errors import InvalidAnswerError, RefusedAnswerError, TruncatedAnswerError

OPERATION = "complete"
SHOWN_CHARACTERS = 100

End = Literal["whole", "cut", "refused"]


class Reply(NamedTuple):
    """The text of an answer, how it ended, and the tokens it took, zeros where nobody told."""

    text: str
    end: End
    tokens: tuple[int, int]


class _Count(BaseModel):
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)


class _ChatCount(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _ChatCount | None = None


class _Part(BaseModel):
    type: str
    text: str = ""
    refusal: str = ""


class _Item(BaseModel):
    type: str
    content: list[_Part] | None = None
    phase: str | None = None


class _Incomplete(BaseModel):
    reason: str | None = None


class _Response(BaseModel):
    status: Literal["completed", "incomplete"]
    output: list[_Item]
    incomplete_details: _Incomplete | None = None
    usage: _Count | None = None


class _Error(BaseModel):
    message: str


class _Failure(BaseModel):
    error: _Error


def read_completion(body: bytes) -> Reply:
    """Read a Chat Completion.

    Raises: InvalidAnswerError if it is none.
    """
    found = _read(body, _Completion)
    first, count = found.choices[0], found.usage or _ChatCount()
    ends: dict[str | None, End] = {"length": "cut", "content_filter": "refused"}
    end: End = "refused" if first.message.refusal else ends.get(first.finish_reason, "whole")
    text = first.message.refusal or first.message.content or ""
    return Reply(text, end, (count.prompt_tokens, count.completion_tokens))


def read_response(body: bytes) -> Reply:
    """Read a Response; what a model says on its way to the answer is no part of it.

    Raises: InvalidAnswerError if it is none.
    """
    found = _read(body, _Response)
    parts = [
        part
        for item in found.output
        if item.type == "message" and item.phase in {None, "final_answer"}
        for part in item.content or []
    ]
    count, why = found.usage or _Count(), (found.incomplete_details or _Incomplete()).reason
    tokens = count.input_tokens, count.output_tokens
    refusal = "".join(part.refusal for part in parts if part.type == "refusal")
    if refusal or why == "content_filter":
        return Reply(refusal or "the content filter", "refused", tokens)
    text = "".join(part.text for part in parts if part.type == "output_text")
    return Reply(text, "whole" if found.status == "completed" else "cut", tokens)


READERS = {"responses": read_response, "completions": read_completion}


def to_answer(reply: Reply, shape: type[AnswerT], parameters: ModelParameters) -> Answer[AnswerT]:
    """Check the text against the shape, whatever the server promised.

    Raises: RefusedAnswerError, TruncatedAnswerError, InvalidAnswerError.
    """
    if reply.end == "refused":
        reason = f"the model declined: {plain_text(reply.text, SHOWN_CHARACTERS)}"
        raise RefusedAnswerError(NAME, OPERATION, reason, reply.tokens)
    if reply.end == "cut":
        limit = parameters.maximum_output_tokens
        reason = f"the answer stopped at the limit of {limit} tokens"
        raise TruncatedAnswerError(NAME, OPERATION, reason, reply.tokens)
    try:
        value = shape.model_validate_json(reply.text)
    except ValidationError as error:
        reason = _problem(error, reply.text)
        raise InvalidAnswerError(NAME, OPERATION, reason, reply.tokens) from None
    used = Usage(input_tokens=reply.tokens[0], output_tokens=reply.tokens[1])
    return Answer(value=value, usage=used, parameters=parameters)


def _read(body: bytes, envelope: type[Any]) -> Any:
    try:
        return envelope.model_validate_json(body)
    except ValidationError as error:
        reason = _error_in(body) or _problem(error, body.decode(errors="replace"))
        raise InvalidAnswerError(NAME, OPERATION, f"no answer in the body: {reason}") from None


def _error_in(body: bytes) -> str:
    """Return what the server says went wrong, empty where it says nothing."""
    try:
        message = _Failure.model_validate_json(body).error.message
    except ValidationError:
        return ""
    return plain_text(message, 2 * SHOWN_CHARACTERS)


def _problem(error: ValidationError, text: str) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    start = plain_text(text[: 10 * SHOWN_CHARACTERS], SHOWN_CHARACTERS)
    wrong = f"{where}: {first['msg']}" if where else str(first["msg"])
    return f"{plain_text(wrong, 2 * SHOWN_CHARACTERS)}; it starts with {start!r}"
