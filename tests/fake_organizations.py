"""Organizations and Account Management, as far as a scan asks them."""

from typing import Any

from fake_service import Enter, FakeService


class FakeOrganizations(FakeService):
    """The accounts of an organization, two on a page; every other page is empty, as AWS's may be."""

    service = "organizations"

    def __init__(self, enter: Enter = lambda service, name, kwargs: None) -> None:
        super().__init__(enter)
        self.accounts: list[dict[str, Any]] = []
        self.error: Exception | None = None

    def list_accounts(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_accounts", kwargs)
        if self.error is not None:
            raise self.error
        page = int(kwargs.get("NextToken", 0))
        at = page // 2 * 2
        shown = self.accounts[at : at + 2] if page % 2 == 0 else []
        more = {"NextToken": str(page + 1)} if at + 2 < len(self.accounts) or page % 2 == 0 else {}
        return {"Accounts": shown, **more}


class FakeAccountManagement(FakeService):
    """The regions of an account and their states, two on a page. The filter is applied, as by AWS."""

    service = "account"

    def __init__(self, regions: dict[str, str], enter: Enter = lambda service, name, kwargs: None) -> None:
        super().__init__(enter)
        self.states = regions
        self.error: Exception | None = None
        self.calls = 0

    def list_regions(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("list_regions", kwargs)
        self.calls += 1
        if self.error is not None:
            raise self.error
        assert kwargs["MaxResults"] <= 50
        wanted = kwargs.get("RegionOptStatusContains")
        chosen = [
            {"RegionName": name, "RegionOptStatus": state}
            for name, state in self.states.items()
            if wanted is None or state in wanted
        ]
        at = int(kwargs.get("NextToken", 0))
        more = {"NextToken": str(at + 2)} if at + 2 < len(chosen) else {}
        return {"Regions": chosen[at : at + 2], **more}
