"""Invocations: which environment answers, and what the platform logs."""

import base64
import io
import uuid
from collections.abc import Mapping
from typing import Any

from fake_account import FakeAccount
from fake_reports import report_json, report_text


class FakeInvoke(FakeAccount):
    """Invokes, as slowly as the account says."""

    def invoke(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("invoke", kwargs)
        request_id = str(uuid.uuid4())
        with self._lock:
            configuration = dict(self._at(self._function(kwargs), kwargs.get("Qualifier")))
            place = f"{configuration['FunctionName']}:{configuration['Version']}"
            self.invoked.append((kwargs.get("Qualifier"), kwargs["Payload"]))
            self.executed.append(place)
            idle = self._idle.setdefault(place, [])
            cold = not idle
            environment = self.logs.new_stream(configuration) if cold else self.choose(tuple(idle))
            if not cold:
                idle.remove(environment)
        call = {"request_id": request_id, "configuration": configuration, "cold": cold, "environment": environment}
        try:
            scripted = self.answer({**kwargs, **call})
            if scripted is not None:
                return scripted
            self.sleep(self.latency.get("running", 0.0))
        finally:
            with self._lock:
                idle.append(environment)
        text = self._report(request_id, configuration, cold=cold)
        self.logs.write(call, text)
        self.after_call("invoke", kwargs)
        version = configuration["Version"]
        return answer(request_id, text if kwargs.get("LogType") == "Tail" else None, version=version)

    def _report(self, request_id: str, configuration: Mapping[str, Any], *, cold: bool) -> str:
        """What the platform logs of an invocation that went well."""
        duration = self.duration_ms(configuration["MemorySize"])
        init = 150.0 if cold else None
        billed = -int(-(duration + (init or 0)) // 1)
        logging = configuration.get("LoggingConfig", {})
        if logging.get("LogFormat") != "JSON":
            return report_text(
                request_id, duration=duration, billed=billed, memory=configuration["MemorySize"], init=init
            )
        if logging.get("SystemLogLevel") == "WARN":
            return ""
        return report_json(
            request_id, duration=duration, billed=billed, memory=configuration["MemorySize"], init=init
        )


def answer(
    request_id: str, text: str | None, *, payload: bytes = b"{}", error: str | None = None, version: str = "1"
) -> dict[str, Any]:
    """What boto3's invoke returns."""
    return {
        "StatusCode": 200,
        "ExecutedVersion": version,
        "Payload": io.BytesIO(payload),
        "ResponseMetadata": {"RequestId": request_id, "HTTPHeaders": {}},
        **({"LogResult": base64.b64encode(text.encode()).decode()} if text is not None else {}),
        **({"FunctionError": error} if error else {}),
    }
