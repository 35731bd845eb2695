"""What every publisher must do, and what the preview promises beyond that.

A stub of a real platform has to hold nothing at first, and to keep what is published to it.
"""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import registry
from core.adapters.publishers.preview import PreviewPublisher, external_id, synthetic_counts
from core.domain.content import ContentKind, Guarantee, Post, PostRequest
from core.domain.engagement import SampleAge
from core.domain.feeds import Label
from core.errors import RejectedError, UnavailableError, UnexpectedResponseError
from core.ports import Publisher
from core.settings import Settings
from tests.contract.conftest import build_adapter
from tests.examples import examples

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
KEY = "post:tactic-tsla-20261124:preview"
FEW = examples(100)


@pytest.fixture(params=registry.names("publishers"))
def publisher(request: pytest.FixtureRequest) -> Publisher:
    return build_adapter(request, "publishers", Publisher)


@pytest.fixture
def preview(tmp_path: Path) -> PreviewPublisher:
    return opened(tmp_path)


def opened(folder: Path) -> PreviewPublisher:
    settings = Settings(_env_file=None, data_dir=folder)
    created = registry.create("publishers", "preview", Publisher, settings)
    assert isinstance(created, PreviewPublisher)
    return created


def asked(publisher: Publisher | None = None, **changes: Any) -> PostRequest:
    content: dict[str, Any] = {
        "key": KEY,
        "title": "TSLA plan",
        "body": "Entry zone $100.00 to $101.00.",
        "format": publisher.capabilities().format if publisher else "markdown",
        "kind": ContentKind.TACTIC,
    }
    return PostRequest(**content | changes)


def outbox(folder: Path) -> list[Path]:
    return sorted((folder / "outbox" / "preview").iterdir())


# every publisher


def test_capabilities_name_a_guarantee(publisher: Publisher) -> None:
    assert isinstance(publisher.capabilities().guarantee, Guarantee)


def test_publishing_returns_where_the_post_is(publisher: Publisher) -> None:
    post = publisher.publish(asked(publisher), NOW)

    assert post.external_id
    assert post.published_at.tzinfo is not None


def test_a_post_is_found_by_its_key_where_the_platform_can_look_up(publisher: Publisher) -> None:
    post = publisher.publish(asked(publisher), NOW)

    found = publisher.find(KEY)

    if publisher.capabilities().lookup != "none":
        assert found is not None
        assert found.external_id == post.external_id


def test_an_unknown_key_finds_nothing(publisher: Publisher) -> None:
    assert publisher.find("post:nobody:preview") is None


def test_one_key_makes_one_post_where_the_platform_guarantees_it(publisher: Publisher) -> None:
    first = publisher.publish(asked(publisher), NOW)

    if publisher.capabilities().guarantee in {Guarantee.NATIVE_KEY, Guarantee.CLIENT_ID}:
        second = publisher.publish(asked(publisher), NOW)
        assert second.external_id == first.external_id


def test_metrics_carry_a_label_where_the_platform_has_them(publisher: Publisher) -> None:
    post = publisher.publish(asked(publisher), NOW)

    counts = publisher.metrics(post.external_id, NOW + timedelta(hours=1))

    if publisher.capabilities().metrics:
        assert counts is not None
        assert counts.label in set(Label)


# the preview: posts


def test_the_preview_needs_no_person_after_a_crash(preview: PreviewPublisher) -> None:
    capabilities = preview.capabilities()

    assert (capabilities.guarantee, capabilities.lookup) == ("client_id", "authoritative")
    assert (capabilities.text_limit, capabilities.format) == (None, "markdown")


def test_the_second_publish_returns_the_first_post(preview: PreviewPublisher) -> None:
    first = preview.publish(asked(), NOW)

    assert preview.publish(asked(), NOW + timedelta(hours=1)) == first


def test_another_content_under_one_key_is_refused(preview: PreviewPublisher) -> None:
    first = preview.publish(asked(), NOW)

    with pytest.raises(RejectedError, match="another content"):
        preview.publish(asked(body="Entry zone $90.00."), NOW)

    assert preview.find(KEY) == first


@pytest.mark.parametrize(
    ("text_format", "file"), [("markdown", "post.md"), ("html", "post.html"), ("plain", "post.md")]
)
def test_the_folder_holds_the_text_as_it_was_asked(
    preview: PreviewPublisher, tmp_path: Path, text_format: str, file: str
) -> None:
    body = "First line\r\nSecond line, 一二三 \U0001f600 <b>"
    post = preview.publish(asked(body=body, format=text_format), NOW)

    (folder,) = outbox(tmp_path)

    assert folder.name == post.external_id
    assert (folder / file).read_bytes() == body.encode()
    record = json.loads((folder / "post.json").read_text(encoding="utf-8"))
    assert record["request"]["body"] == body
    assert (record["external_id"], record["published_at"]) == (folder.name, "2026-11-24T14:00:00Z")


def test_a_post_is_linked_into_the_app(preview: PreviewPublisher) -> None:
    post = preview.publish(asked(), NOW)

    assert post.url == f"/content?post={post.external_id}"


def test_posts_survive_reopening(tmp_path: Path) -> None:
    post = opened(tmp_path).publish(asked(), NOW)

    assert opened(tmp_path).find(KEY) == post
    assert opened(tmp_path).publish(asked(), NOW + timedelta(days=1)) == post


def test_the_id_follows_from_the_key_alone(tmp_path: Path) -> None:
    one = opened(tmp_path / "one").publish(asked(), NOW)
    other = opened(tmp_path / "two").publish(asked(body="else"), NOW + timedelta(days=1))

    assert one.external_id == other.external_id


def test_eight_threads_publishing_one_key_make_one_post(tmp_path: Path) -> None:
    def publish(second: int) -> Post:
        return opened(tmp_path).publish(asked(), NOW + timedelta(seconds=second))

    with ThreadPoolExecutor(8) as pool:
        posts = list(pool.map(publish, range(32)))

    assert len(set(posts)) == 1
    assert len(outbox(tmp_path)) == 1


@pytest.mark.parametrize(
    "key",
    ["../../escape", "/etc/passwd", "..", ".", "a/../../b", "C:\\x", "a\x00b", "-rf", "~", " "],
)
def test_no_key_leaves_the_outbox(preview: PreviewPublisher, tmp_path: Path, key: str) -> None:
    preview.publish(asked(key=key), NOW)

    (folder,) = outbox(tmp_path)

    assert preview.find(key) is not None
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]
    assert sorted(path.name for path in folder.iterdir()) == ["post.json", "post.md"]


def test_keys_that_look_alike_are_different_posts(preview: PreviewPublisher) -> None:
    keys = [
        "post:a-b",
        "post:a:b",
        "POST:A-B",
        "post:ä",
        "post:ö",
        "一",
        "二",
        "x" * 200,
        "x" * 199,
    ]

    posts = [preview.publish(asked(key=key), NOW) for key in keys]

    assert len({post.external_id for post in posts}) == len(keys)
    assert [preview.find(key) for key in keys] == posts


@FEW
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_every_key_has_a_short_plain_name(key: str) -> None:
    name = external_id(key)

    assert name.isascii()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 20 <= len(name) <= 80


def test_a_half_written_post_does_not_exist(preview: PreviewPublisher, tmp_path: Path) -> None:
    draft = tmp_path / "outbox" / "preview" / ".draft-killed"
    draft.mkdir(parents=True)
    (draft / "post.md").write_text("half")

    assert preview.find(KEY) is None
    assert preview.publish(asked(), NOW).published_at == NOW


def test_a_failed_write_leaves_nothing_and_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    publisher = opened(tmp_path)
    with pytest.raises(UnavailableError):
        publisher.publish(asked(), NOW)

    (tmp_path / "outbox").unlink()

    assert publisher.publish(asked(), NOW).external_id == external_id(KEY)


def test_a_lookup_that_fails_is_not_an_absent_post(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")

    with pytest.raises(UnavailableError):
        opened(tmp_path).find(KEY)


def test_a_damaged_record_is_an_unexpected_response(
    preview: PreviewPublisher, tmp_path: Path
) -> None:
    preview.publish(asked(), NOW)
    (outbox(tmp_path)[0] / "post.json").write_text("{")

    with pytest.raises(UnexpectedResponseError):
        preview.find(KEY)


def test_a_deleted_post_is_gone_and_may_be_published_again(
    preview: PreviewPublisher, tmp_path: Path
) -> None:
    post = preview.publish(asked(), NOW)
    shutil.rmtree(outbox(tmp_path)[0])

    assert preview.find(KEY) is None
    assert preview.metrics(post.external_id, NOW + timedelta(days=1)) is None
    assert preview.publish(asked(), NOW + timedelta(days=2)).external_id == post.external_id


# the preview: its invented audience


@pytest.mark.parametrize("unknown", ["nobody", "", "..", "../preview", "/etc", "a" * 300, "a\x00"])
def test_an_unknown_post_has_no_metrics(preview: PreviewPublisher, unknown: str) -> None:
    preview.publish(asked(), NOW)

    assert preview.metrics(unknown, NOW) is None


def test_metrics_are_synthetic_and_repeatable(preview: PreviewPublisher) -> None:
    post = preview.publish(asked(), NOW)
    first = preview.metrics(post.external_id, NOW + timedelta(days=1))

    assert first is not None
    assert first.label is Label.SYNTHETIC
    assert first == preview.metrics(post.external_id, NOW + timedelta(days=1))


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=-1)])
def test_nobody_has_seen_a_post_before_it_was_there(
    preview: PreviewPublisher, age: timedelta
) -> None:
    post = preview.publish(asked(), NOW)

    counts = preview.metrics(post.external_id, NOW + age)

    assert counts is not None
    assert set(counts.model_dump(exclude={"label"}).values()) == {0}


AGES = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))


@FEW
@given(st.text(), AGES, AGES)
def test_counts_never_go_down(name: str, one: timedelta, other: timedelta) -> None:
    earlier = synthetic_counts(name, min(one, other)).model_dump(exclude={"label"})
    later = synthetic_counts(name, max(one, other)).model_dump(exclude={"label"})

    assert all(earlier[count] <= later[count] for count in later)


@FEW
@given(st.text())
def test_a_week_old_post_has_a_plausible_audience(name: str) -> None:
    counts = synthetic_counts(name, SampleAge.DAY_7.after)

    assert counts.impressions is not None
    assert counts.reactions is not None
    assert 100 <= counts.impressions <= 900
    assert 0.01 * counts.impressions - 1 <= counts.reactions <= 0.06 * counts.impressions


def test_posts_differ_in_their_audience() -> None:
    seen = {synthetic_counts(str(n), SampleAge.DAY_7.after).impressions for n in range(20)}

    assert len(seen) > 10
