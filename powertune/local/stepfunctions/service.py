"""Step Functions from the server's point of view: installed in moto, connected to what answers, closed.

Moto's interpreter takes a second to import, so it is loaded when Step Functions is used for the first time.
"""

import threading
from typing import Any

import moto.stepfunctions
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.stepfunctions import models, responses, urls

from powertune.local.endpoint.keys import AccessKey
from powertune.local.stepfunctions.in_process import InProcess, Wsgi


class StepFunctions:
    """The service in this process."""

    def __init__(self, key: AccessKey, endpoint_url: str) -> None:
        self._key, self._endpoint_url = key, endpoint_url
        self._transport = InProcess()
        self._lock = threading.Lock()
        self._registry: Any = None
        self._closed = False
        self._backends = _Backends(self)
        # The server, CloudFormation and the API each know moto's backends by another of these.
        for module in (moto.stepfunctions, models, responses):
            vars(module)["stepfunctions_backends"] = self._backends

    def connect(self, application: Wsgi) -> None:
        """Let state machines call this application."""
        self._transport.application = application

    def load(self) -> type:
        """Correct moto's interpreter; returns the class of a region of an account."""
        with self._lock:
            from moto.stepfunctions.parser import models as parser_models

            from powertune.local.stepfunctions import interpreter
            from powertune.local.stepfunctions.backend import StatesBackend
            from powertune.local.stepfunctions.clients import Clients
            from powertune.local.stepfunctions.registry import Registry
            from powertune.local.stepfunctions.responses import StatesResponse

            if self._registry is None:
                interpreter.install(Clients(self._transport, self._key, self._endpoint_url))
                default_user_config["stepfunctions"] = {"execute_state_machine": True}
                vars(parser_models)["stepfunctions_parser_backends"] = self._backends
                urls.url_paths.update(dict.fromkeys(urls.url_paths, StatesResponse.dispatch))
                self._registry = Registry()
                if self._closed:
                    self._registry.close()
            # Moto finds the service's URLs beside the module that a backend's class says it is from.
            namespace = {"registry": self._registry, "__module__": models.__name__}
            return type("InstalledStatesBackend", (StatesBackend,), namespace)

    def close(self) -> None:
        """End all executions. Their threads end when the functions that they wait for have ended too."""
        with self._lock:
            self._closed = True
            registry = self._registry
        if registry is not None:
            registry.close()

    def join(self, seconds: float) -> None:
        """Wait for those threads."""
        if self._registry is not None:
            self._registry.join(seconds)


class _Backends(BackendDict[models.StepFunctionBackend]):
    """Moto's backends of Step Functions, of a class that is loaded when one is asked for."""

    def __init__(self, service: StepFunctions) -> None:
        super().__init__(models.StepFunctionBackend, "stepfunctions")
        self._service = service

    def __getitem__(self, account_id: str) -> Any:
        if self.backend is models.StepFunctionBackend:
            self.backend = self._service.load()
        return super().__getitem__(account_id)
