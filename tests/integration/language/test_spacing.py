"""Marks between the parts of a line, and the space after them, are those of the language."""

import pytest

from api.language.spacing import without_spaces
from api.pages import marks
from scheduler.storage.database import Database
from tests.support.web import web_app


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<p>时间均为北京时间。 日程版本1。</p>", "<p>时间均为北京时间。日程版本1。</p>"),
        ("<p>第一句。\n      第二句。</p>", "<p>第一句。第二句。</p>"),
        (
            "<strong>已接受：</strong> <a href='/'>Firm 3</a>",
            "<strong>已接受：</strong><a href='/'>Firm 3</a>",
        ),
        (
            '<p>还没有。 <a class="button" href="/">添加</a>',
            '<p>还没有。 <a class="button" href="/">添加</a>',
        ),
        ("<p>第一句。\n\n第二句。</p>", "<p>第一句。第二句。</p>"),
        ('<p class="lines">第一段。\n第二段。</p>', '<p class="lines">第一段。\n第二段。</p>'),
        ('<span lang="zh">第一段。\n第二段。</span>', '<span lang="zh">第一段。\n第二段。</span>'),
        ("<textarea>第一句。 第二句。</textarea>", "<textarea>第一句。 第二句。</textarea>"),
        ('<input value="第一句。 第二句。">', '<input value="第一句。 第二句。">'),
        ('职务 <span class="optional">（选填）</span>', '职务<span class="optional">（选填）</span>'),
        ("<p>One. Two.</p>", "<p>One. Two.</p>"),
    ],
)
def test_a_space_after_a_full_width_mark_is_removed_outside_of_what_was_typed(page: str, shown: str) -> None:
    assert without_spaces(page) == shown


@pytest.mark.parametrize(("reads", "shown"), [("zh", "<p>一。二。</p>"), ("hu", "<p>一。 二。</p>")])
def test_only_a_chinese_page_is_closed_up(database: Database, reads: str, shown: str) -> None:
    app = web_app(database, "redis://127.0.0.1:1")
    with app.test_request_context("/sign-in", headers={"Accept-Language": reads}):
        response = app.process_response(app.make_response("<p>一。 二。</p>"))
        assert response.get_data(as_text=True) == shown


@pytest.mark.parametrize(
    ("reads", "marks_of_it"),
    [
        ("en", (": ", ", ", "; ")),
        ("hu", (": ", ", ", "; ")),
        ("zh", ("：", "，", "；")),
        ("ar", (": ", "،\u200f ", "؛ ")),
    ],
)
def test_marks_between_parts_of_a_line_are_those_of_the_language(
    database: Database, reads: str, marks_of_it: tuple[str, str, str]
) -> None:
    app = web_app(database, "redis://127.0.0.1:1")
    with app.test_request_context("/sign-in", headers={"Accept-Language": reads}):
        assert (marks.colon(), marks.clause_comma(), marks.semicolon()) == marks_of_it
