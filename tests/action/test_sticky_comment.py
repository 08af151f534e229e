from collections.abc import Iterator

import pytest
from fake_github import REPOSITORY, TOKEN, FakeGitHub, serving
from github_api import GitHub, GitHubRefused
from runner import StepFailed
from sticky_comment import BODY_LIMIT, StickyComment, post


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as github:
        yield github


def client(fake: FakeGitHub, token: str = TOKEN, sleeps: list[float] | None = None) -> GitHub:
    waits: list[float] = [] if sleeps is None else sleeps
    return GitHub(REPOSITORY, token, (fake.url, f"{fake.url}/graphql"), waits.append)


def comment(text: str = "passed", key: str = "gate") -> StickyComment:
    return StickyComment(pull_request=7, key=key, text=text, footer="<sub>Commit 1</sub>")


def test_the_first_comment_is_created_and_the_next_one_updates_it(fake: FakeGitHub) -> None:
    first = post(client(fake), comment("failed"))
    second = post(client(fake), comment("passed"))
    assert first == second
    assert first[1].endswith(f"/pull/7#issuecomment-{first[0]}")
    (only,) = fake.comments[7]
    assert only["body"] == "<!-- powertune-gate: gate -->\npassed\n\n<sub>Commit 1</sub>\n"


def test_it_is_found_on_a_later_page(fake: FakeGitHub) -> None:
    for number in range(230):
        fake.add(7, f"comment {number}", author="someone")
    wanted = fake.add(7, comment("failed").body)
    assert post(client(fake), comment("passed"))[0] == wanted["id"]
    assert fake.calls.count(f"GET /repos/{REPOSITORY}/issues/7/comments") == 3
    assert len(fake.comments[7]) == 231


@pytest.mark.parametrize(
    ("body", "author"),
    [
        (comment().body, "someone"),
        (comment(key="gate-2").body, "github-actions[bot]"),
        (f"I quote:\n{comment().body}", "github-actions[bot]"),
    ],
)
def test_a_comment_of_somebody_else_or_another_gate_is_left_alone(fake: FakeGitHub, body: str, author: str) -> None:
    fake.add(7, body, author=author)
    post(client(fake), comment())
    assert [each["body"] for each in fake.comments[7]] == [body, comment().body]


def test_a_comment_that_was_deleted_meanwhile_is_created_again(fake: FakeGitHub) -> None:
    fake.add(7, comment("failed").body)

    class Deleting(GitHub):
        def update(self, path: str, body: object) -> dict[str, object]:
            fake.comments[7].clear()
            raise GitHubRefused(404, "Not Found")

    post(Deleting(REPOSITORY, TOKEN, (fake.url, f"{fake.url}/graphql")), comment("passed"))
    assert [each["body"] for each in fake.comments[7]] == [comment("passed").body]


def test_a_token_that_may_not_write_is_refused(fake: FakeGitHub) -> None:
    fake.writable = False
    with pytest.raises(GitHubRefused, match="GitHub answered 403: Resource not accessible") as refused:
        post(client(fake), comment())
    assert refused.value.is_permission
    with pytest.raises(GitHubRefused, match="401"):
        post(client(fake, token="another"), comment())


def test_what_can_be_repeated_is_tried_again(fake: FakeGitHub) -> None:
    fake.answers = [502, 429]
    sleeps: list[float] = []
    post(client(fake, sleeps=sleeps), comment())
    assert sleeps == [1.0, 4.0]
    fake.answers = [500] * 4
    with pytest.raises(GitHubRefused, match="500") as refused:
        post(client(fake), comment())
    assert not refused.value.is_permission


def test_a_comment_is_created_in_one_try(fake: FakeGitHub) -> None:
    class Failing(GitHub):
        def create(self, path: str, body: object) -> object:  # type: ignore[override]
            fake.answers = [502]
            return super().create(path, body)  # type: ignore[arg-type]

    with pytest.raises(GitHubRefused, match="502"):
        post(Failing(REPOSITORY, TOKEN, (fake.url, f"{fake.url}/graphql")), comment())
    assert fake.calls.count(f"POST /repos/{REPOSITORY}/issues/7/comments") == 1


def test_without_github_there_is_an_error_and_no_crash() -> None:
    with pytest.raises(GitHubRefused, match="did not answer") as refused:
        GitHub(REPOSITORY, TOKEN, ("http://127.0.0.1:9", "http://127.0.0.1:9/graphql"), lambda _: None).login()
    assert refused.value.status == 0


@pytest.mark.parametrize(
    "text", ["x" * 70_000, "line\n" * 20_000, "😀" * 50_000, "é\n" * 70_000, "```\n" + "code\n" * 20_000]
)
def test_a_long_text_is_shortened_to_what_github_takes(fake: FakeGitHub, text: str) -> None:
    body = comment(text).body
    assert BODY_LIMIT - 200 < len(body.encode("utf-16-le")) // 2 <= BODY_LIMIT
    assert body.startswith("<!-- powertune-gate: gate -->\n*This report was shortened.")
    assert body.endswith("\n\n<sub>Commit 1</sub>\n")
    assert body.count("```") % 2 == 0
    post(client(fake), comment(text))
    assert fake.comments[7][0]["body"] == body


def test_a_text_that_just_fits_is_whole() -> None:
    frame = len(comment("").body)
    assert len(comment("x" * (BODY_LIMIT - frame)).body) == BODY_LIMIT
    assert "shortened" not in comment("x" * (BODY_LIMIT - frame)).body
    assert "shortened" in comment("x" * (BODY_LIMIT - frame + 1)).body


@pytest.mark.parametrize("key", ["", "a b", "x -->", "a\n", "ü", "x" * 65])
def test_a_key_cannot_end_the_marker(key: str) -> None:
    with pytest.raises(StepFailed, match="comment key"):
        comment(key=key)
