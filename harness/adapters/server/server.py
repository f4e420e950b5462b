"""The server: destinations, tracking API and control API on one port."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from harness.adapters.clocks import FollowingClock
from harness.adapters.contract_files import DEFAULT_CONTRACT, UnknownContract, load_contract
from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.adapters.server.control import BadBody, ControlApi, NoSuchThing
from harness.adapters.server.forwarding import Forwarder
from harness.adapters.server.front import Front
from harness.adapters.server.problems import problem
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.requests import DEFAULT_RUN, Limits
from harness.adapters.server.runs import Run, Runs
from harness.adapters.server.tracking_api import TrackingApi
from harness.core.clock import Clock
from harness.core.documents import Document, DocumentError, DocumentErrors
from harness.core.scenario.setup import Setup, parse_setup

Attach: TypeAlias = Callable[["Server", Run, Setup], Awaitable[None]]
"""Gives a run that was set up the system that its sources feed."""

_LOG = logging.getLogger("harness.server")


class Server:
    """One server object: nothing of it is global, and any number can run in one process."""

    def __init__(self, *, limits: Limits | None = None, attach: Attach | None = None) -> None:
        """Set up, with a `default` run that has no destinations yet; `attach` is called for each run set up by HTTP."""
        self.limits = limits or Limits()
        self.runs = Runs()
        self.refusals = Refusals()
        self._forwarder = Forwarder()
        self.url = ""
        """Where it listens, once started."""
        self._attach = attach
        self._front = Front(
            receive=self.runs.receive, control=self._control(), limits=self.limits, refused=self.refusals
        )
        self.open_run(DEFAULT_RUN)

    def open_run(self, name: str, clock: Clock | None = None) -> Run:
        """The run of that name, opened where there is none; its clock follows the wall clock unless given."""
        contract = load_contract(DEFAULT_CONTRACT)
        return self.runs.open(name, lambda: Run(name, contract, clock or FollowingClock(), self._forwarder))

    async def set_up(self, run: Run, setup: Setup) -> None:
        """Configure `run`, and attach the system that its journeys need."""
        run.configure(load_contract(setup.contract or DEFAULT_CONTRACT), setup.destinations, setup.declarations())
        if self._attach is not None:
            await self._attach(self, run, setup)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the URL; OSError where host or port cannot be had."""
        self.url = await self._front.start(host, port)
        return self.url

    async def stop(self) -> None:
        """Listen no more, having answered what is being answered."""
        await self._front.stop()
        await self._forwarder.close()

    def destination_url(self, run: Run, name: str) -> str:
        """Where the destination of that name listens."""
        prefix = "" if run.name == DEFAULT_RUN else f"/runs/{run.name}"
        return f"{self.url}{prefix}/destinations/{name}"

    def source_url(self, run: Run) -> str:
        """The host that a client library of `run` is given; it appends `/v1/…` itself."""
        return self.url if run.name == DEFAULT_RUN else f"{self.url}/runs/{run.name}"

    def _control(self) -> web.Application:
        control = ControlApi(
            self.runs,
            self.refusals,
            self.limits,
            open_run=self.open_run,
            set_up=self.set_up,
            read=_read_setup,
        )
        app = web.Application(middlewares=[_problems])
        app.add_routes(control.routes())
        app.add_routes(TrackingApi(self.runs, self.limits).routes())
        return app


def _read_setup(document: Document) -> Setup:
    return parse_setup(document, own_schema("config"), make_crowd)


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as problem details."""
    try:
        return await handler(request)
    except NoSuchThing as error:
        return problem(404, *error.args)
    except BadBody as error:
        return problem(*error.args)
    except (DocumentError, DocumentErrors, UnknownContract) as error:
        return problem(400, "the configuration is not right", str(error))
    except orjson.JSONDecodeError as error:
        return problem(400, "the body is not JSON", str(error))
    except (ValueError, OverflowError) as error:
        return problem(400, "the request is not right", str(error))
    except web.HTTPException as error:
        return problem(error.status, error.reason, _hint(error))
    except Exception:
        _LOG.exception("a request failed: %s %s", request.method, request.path)
        return problem(500, "the harness itself failed", "this is a fault of the harness; its log has the details")


def _hint(error: web.HTTPException) -> str:
    if isinstance(error, web.HTTPMethodNotAllowed):
        return f"allowed here: {', '.join(sorted(error.allowed_methods))}"
    if isinstance(error, web.HTTPNotFound):
        return "destinations are at /destinations/NAME, sources at /v1/…, the control API at /_harness/v1/runs"
    return ""
