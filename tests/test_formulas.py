"""Every worked value on the formulas pages is what the public functions give today."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

import chaoyang_geo as cg

sys.path.insert(0, str(Path(__file__).parent))
import worked_classes  # noqa: F401  (each module adds its checks to CHECKS)
import worked_groups  # noqa: F401
import worked_zones  # noqa: F401
from worked_tables import CHECKS

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"en": ROOT / "docs" / "formulas.md", "zh": ROOT / "docs" / "formulas.zh.md"}


def rows_of(page):
    """Return the rows of the page's tables of formulas: id and the other cells."""
    found = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 6 and re.fullmatch(r"`\w+`", cells[0]):
            assert cells[0] not in found, cells[0]
            found[cells[0].strip("`")] = [cell.replace("\\|", "|") for cell in cells[1:]]
    return found


def value_of(check, tmp_path):
    return check(tmp_path) if check.__code__.co_argcount else check()


@pytest.mark.parametrize("name", CHECKS)
def test_the_worked_value_is_what_the_functions_give(name, tmp_path):
    value = value_of(CHECKS[name], tmp_path)
    for page in PAGES.values():
        assert rows_of(page)[name][-1] == value, page.name


def test_every_row_has_a_check_and_every_check_a_row():
    english, chinese = (rows_of(page) for page in PAGES.values())
    assert list(english) == list(chinese)
    assert set(english) == set(CHECKS)


OTHER_STATUS = {"en": {"definition", "textbook"}, "zh": {"本库定义", "教科书方法"}}


def recorded(lang):
    """Return source and status of every rule and standard, in the words of a page."""
    rules, catalogue = cg.standards.rules(), cg.standards.catalogue()
    words = (
        cg.standards.STATUSES if lang == "zh" else {name: name for name in cg.standards.STATUSES}
    )
    sources = rules["source" if lang == "zh" else "source_en"]
    titles = catalogue[f"title_{lang}"]
    known = dict(zip(rules["rule"], zip(sources, rules["status"], strict=True), strict=True))
    known |= dict(
        zip(catalogue["standard"], zip(titles, catalogue["status"], strict=True), strict=True)
    )
    return {name: (source, words[status]) for name, (source, status) in known.items()}


@pytest.mark.parametrize("lang", PAGES)
def test_source_and_status_of_a_row_are_those_of_its_rules(lang):
    known = recorded(lang)
    for name, (_, _, source, status, _) in rows_of(PAGES[lang]).items():
        rules = re.findall(r"`(\w+)`", source)
        if not rules:
            assert status in OTHER_STATUS[lang], name
            continue
        assert all(known[rule][0] in source for rule in rules), name
        states = [known[rule][1] for rule in rules]
        if len(set(states)) > 1:
            states = [f"`{rule}` {state}" for rule, state in zip(rules, states, strict=True)]
            assert all(state in status for state in states), name
        else:
            assert status == states[0], name


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_rule_is_on_the_page_and_those_not_computed_say_so(page):
    rules = cg.standards.rules()
    text = page.read_text(encoding="utf-8")
    at = {rule: text.find(f"`{rule}`") for rule in rules["rule"]}
    assert -1 not in at.values()
    tail = text.rindex("\n## ")
    last = set(re.findall(r"^\| `(\w+)` \|", text[tail:], re.M))
    computed = {rule for rule, place in at.items() if place < tail}
    assert last == set(rules["rule"]) - computed
    assert not last & set(rules.loc[rules["used_by"] != "", "rule"])


def test_the_lines_from_readings_to_a_verdict_run(plan, tmp_path, monkeypatch, capsys):
    """Ten lines of the README, with a table of the reader's own put in their place."""
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(
        {
            "断面名称": "章吉营",
            "监测时间": [f"2025-{month:02d}-08" for month in range(1, 10)],
            "总磷(mg/L)": [0.1] * 5 + [0.4] * 4,
        }
    ).to_excel("2025.xlsx", index=False)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    (code,) = [block for block in blocks if "steadiness" in block]
    assert len(code.splitlines()) == 10
    found = {"cg": cg, "plan": plan}
    exec(compile(code, "README.md", "exec"), found)
    assert found["found"]["alert_state"].tolist() == ["continuing"]
    assert found["needed"].set_index("item").loc["tp", "needed_high"] == pytest.approx(0.102)
    assert "章吉营 2025年9月：Ⅴ类" in capsys.readouterr().out
