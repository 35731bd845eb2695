"""The desk's own routes: health, metrics, and the command line's way into a running desk."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable

import anyio.to_thread
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.commands import execute
from core.desk import Desk
from core.errors import AppError
from core.web.presence import read_token

DeskSource = Callable[[], Desk]
BODY_LIMIT = 64 * 1024


def routes(desk: DeskSource) -> list[Route]:
    """Return the routes of a desk that is opened by the server's lifespan."""

    async def healthz(_request: Request) -> Response:
        report = await anyio.to_thread.run_sync(desk().controls.health)
        status = 200 if report.status == "ok" else 503
        return JSONResponse(report.model_dump(mode="json"), status)

    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(await anyio.to_thread.run_sync(lambda: _metrics(desk())))

    async def command(request: Request) -> Response:
        return await _command(desk, request)

    return [
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route("/desk/{name}", command, methods=["POST"]),
    ]


async def _command(desk: DeskSource, request: Request) -> Response:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    expected = read_token(desk().settings)
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        return JSONResponse({"error": "the token of this desk is asked for"}, 401)
    body = await request.body()
    if len(body) > BODY_LIMIT:
        return JSONResponse({"error": "the request is too large"}, 413)
    try:
        arguments = json.loads(body or b"{}")
        name = request.path_params["name"]
        result = await anyio.to_thread.run_sync(lambda: execute(desk(), name, dict(arguments)))
    except AppError as error:
        return JSONResponse({"error": str(error)}, 409)
    except (KeyError, TypeError, ValueError) as error:
        return JSONResponse({"error": f"the arguments do not fit: {error!r}"}, 400)
    return JSONResponse({"result": result})


def _metrics(desk: Desk) -> str:
    registry = CollectorRegistry()
    _gauge(registry, "approvals_pending", "Approvals that wait", len(desk.decisions.pending()))
    parked = len(desk.decisions.parked_effects())
    _gauge(registry, "effects_parked", "Effects that the operator must settle", parked)
    runs = Gauge(
        "convergence_runs", "Recent runs by state", ["workflow", "state"], registry=registry
    )
    for run in desk.runs.recent(200):
        runs.labels(run.workflow, run.status).inc()
    ready = 1 if desk.controls.health().status == "ok" else 0
    _gauge(registry, "up", "1 while the desk is well", ready)
    return generate_latest(registry).decode()


def _gauge(registry: CollectorRegistry, name: str, text: str, value: float) -> None:
    Gauge(f"convergence_{name}", text, registry=registry).set(value)
