"""A Compute Optimizer that answers what it is told to."""

from typing import Any

from fake_service import Enter, FakeService


class FakeOptimizer(FakeService):
    """A boto3 Compute Optimizer client."""

    service = "compute-optimizer"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        #: A document, or an error to raise.
        self.answer: Any = {"lambdaFunctionRecommendations": []}
        #: What it answers instead where it is not empty, a page each.
        self.pages: list[list[dict[str, Any]]] = []
        #: The ARNs that it was asked for, one entry per call.
        self.asked: list[list[str]] = []

    def get_lambda_function_recommendations(self, **kwargs: Any) -> Any:
        self._enter("get_lambda_function_recommendations", kwargs)
        self.asked.append(kwargs.get("functionArns", []))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.pages:
            at = int(kwargs.get("nextToken", 0))
            more = {"nextToken": str(at + 1)} if at + 1 < len(self.pages) else {}
            return {"lambdaFunctionRecommendations": self.pages[at], **more}
        return self.answer
