"""An OpenID Connect provider for tests: discovery, authorize, token, keys and sign-out.

Whoever comes is signed in at once as `claims` says; a person would be asked for a password here.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

CLIENT_ID, CLIENT_SECRET = "desk", "only for tests"


class Provider:
    """Answers on the address of `server` and keeps the codes that it gave out."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.claims: dict[str, Any] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}
        answers = {
            "/.well-known/openid-configuration": self._discovery,
            "/authorize": self._authorize,
            "/token": self._token,
            "/keys": self._keys,
            "/end": self._end,
        }
        for path, answer in answers.items():
            server.expect_request(path).respond_with_handler(answer)

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def _discovery(self, _request: Request) -> Response:
        return _json({
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        })  # fmt: skip

    def _authorize(self, request: Request) -> Response:
        asked = request.args.to_dict()
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        code = uuid.uuid4().hex
        self._codes[code] = asked
        return _go(asked["redirect_uri"], code=code, state=asked["state"])

    def _token(self, request: Request) -> Response:
        given = request.form
        asked = self._codes.pop(given["code"])
        verifier = sha256(given["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        secret = request.authorization.password if request.authorization else None
        if (secret, challenge) != (CLIENT_SECRET, asked["code_challenge"]):
            return _json({"error": "invalid_client"}, 401)
        id_token = jwt.encode({"alg": "RS256", "kid": "test"}, self._told(asked), self._key)
        return _json({"access_token": "opaque", "token_type": "Bearer", "id_token": id_token})

    def _told(self, asked: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.url, "aud": CLIENT_ID, "sub": "1", "nonce": asked["nonce"],
            "iat": now, "exp": now + 300, **self.claims,
        }  # fmt: skip

    def _keys(self, _request: Request) -> Response:
        return _json({"keys": [self._key.as_dict(private=False)]})

    def _end(self, request: Request) -> Response:
        return _go(request.args["post_logout_redirect_uri"])


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


def _go(address: str, **query: str) -> Response:
    return Response("", 302, {"location": f"{address}?{urlencode(query)}"})
