"""Several functions for programs and in Markdown."""

import csv
import io
import json
from dataclasses import replace

from many_results import analysis_of, full_plans, full_results, result, results_of

from powertune.analysis import Analysis
from powertune.cli.tables.functions import plans_text, render_functions_table, render_plans_table
from powertune.cli.tables.screen import Screen
from powertune.errors import Inconclusive, Interrupted
from powertune.plan_document import parse_plan
from powertune.report.functions.machine import (
    COLUMNS,
    render_functions_csv,
    render_functions_json,
    render_plans_json,
)
from powertune.report.functions.markdown import render_functions_markdown
from powertune.report.functions.text import outcome_words
from powertune.report.json_report import analysis_document


def test_the_document_has_every_function_with_its_analysis_or_its_error() -> None:
    document = json.loads(render_functions_json(full_results()))
    assert document["schema"] == "powertune/functions/1"
    assert (document["exit_code"], document["spent"], document["max_spend"]) == (9, 0.125, 1.0)
    by_name = {each["target"]: each for each in document["functions"]}
    assert [by_name[name]["rank"] for name in ("large", "small", "later")] == [1, 2, 9]
    assert by_name["large"]["analysis"] == json.loads(json.dumps(analysis_document(analysis_of("large", month=1e9))))
    assert by_name["large"]["monthly_saving"] == by_name["large"]["analysis"]["recommendation"]["monthly_saving_usd"]
    assert by_name["nosuch"] == {
        "rank": 5,
        "target": "nosuch",
        "function": None,
        "status": "failed",
        "monthly_saving": None,
        "results_file": None,
        "error": {
            "kind": "NotFound",
            "message": "function nosuch does not exist",
            "hint": "check the region",
            "exit_code": 5,
        },
        "analysis": None,
    }
    assert by_name["later"]["function"]["name"] == "later"


def test_the_plans_are_those_of_single_runs() -> None:
    plans = full_plans()
    document = json.loads(render_plans_json(plans))
    again = parse_plan(json.dumps(document["plans"][1]).encode(), plans.plans[1].workload)
    assert (again.function, again.design) == (plans.plans[1].function, plans.plans[1].design)
    assert document["parallel"] == 2
    assert document["refused"][0]["error"]["kind"] == "NotFound"


def test_a_row_for_each_function_that_no_spreadsheet_computes() -> None:
    rows = list(csv.DictReader(io.StringIO(render_functions_csv(full_results()).decode())))
    assert len(rows) == 9
    assert set(rows[0]) == set(COLUMNS)
    assert (rows[0]["target"], rows[0]["status"], rows[0]["recommended_memory_mb"]) == ("large", "change", "512")
    assert float(rows[0]["monthly_saving_low"]) < float(rows[0]["monthly_saving"])
    assert rows[8]["exit_code"] == "8"
    assert all("\x1b" not in cell for row in rows for cell in row.values())


def test_markdown_is_nothing_but_text_where_words_come_from_elsewhere() -> None:
    text = render_functions_markdown(full_results()).decode()
    assert "| **large** | **1024 MB x86\\_64** |" in text or "| **large** | **1024 MB x86_64** |" in text
    assert "`powertune apply results/large.us-east-1.json --region us-east-1`" in text
    assert "<b>" not in text
    assert "@you" not in text
    assert "\x1b" not in text


def test_a_table_keeps_commands_whole_and_tells_what_is_not_known() -> None:
    text = render_functions_table(full_results(), Screen(terminal=True, width=60)).decode()
    assert "  large: powertune apply results/large.us-east-1.json --region us-east-1\n" in text
    assert "NOT RESTORED" in text
    assert "1 change cannot be ranked, as the traffic is not known" in " ".join(text.split())
    assert "\x1b" not in text
    assert all(len(line) <= 60 or "powertune apply" in line for line in text.splitlines())
    rows = [line.split()[0] for line in render_functions_table(full_results(), Screen()).decode().splitlines()[3:12]]
    assert rows == ["large", "small", "fine", "unknown", "nosuch", "denied", "stuck", "stopped", "later"]


def test_what_became_of_a_function_is_a_line() -> None:
    assert outcome_words(result("fine", analysis_of("fine", better=False))) == "stay at 1024 MB x86_64"
    assert outcome_words(result("unknown", analysis_of("unknown", month=None))) == "change to 512 MB x86_64"
    stopped = result("stopped", analysis_of("stopped"), Interrupted("interrupted; stopped is restored"))
    assert outcome_words(stopped) == "interrupted; stopped is restored"


def test_functions_of_one_name_are_told_apart_by_their_regions() -> None:
    here, there = (result("orders", analysis_of("orders", region=region)) for region in ("us-east-1", "eu-west-1"))
    text = render_functions_table(results_of(here, there), Screen()).decode()
    assert "orders (us-east-1)" in text
    assert "orders (eu-west-1)" in text


def test_a_person_who_agrees_has_seen_sizes_places_and_what_was_refused() -> None:
    text = plans_text(full_plans(), width=None)
    assert text.startswith("2 functions, up to 2 at a time\n")
    assert "stops before $2.00 for all functions together" in text
    assert "  refused      nosuch: function nosuch does not exist\n" in text
    assert text.count("    where        in place") == 2


def uncompared(name: str) -> Analysis:
    """A change from a size that was not measured."""
    return analysis_of(name, now=2048, month=None)


def test_a_change_that_was_not_compared_with_the_current_size_says_so() -> None:
    results = results_of(result("blind", uncompared("blind")))
    for text in (
        render_functions_table(results, Screen()).decode(),
        render_functions_markdown(results).decode().replace("\\", ""),
    ):
        assert "512 MB x86_64, unproven" in text
        assert "not known" in text
        assert "blind: the current configuration, 2048 MB x86_64, was not measured" in text
        assert "add 2048 to --memory" in text
        assert "1 change cannot be ranked" in text
        assert "these come after the others" not in text
    assert outcome_words(results.results[0]) == "change to 512 MB x86_64, unproven"


def test_that_a_budget_can_stop_a_run_before_it_is_spent_is_explained() -> None:
    analysis = analysis_of("short")
    stopped = replace(analysis, run=replace(analysis.run, stopped="budget"))
    short = result("short", stopped, Inconclusive("too few invocations"))
    said = "before each invocation, powertune sets aside what it costs if it runs into the timeout"
    assert said in render_functions_table(results_of(short), Screen()).decode()
    assert said not in render_functions_table(full_results(), Screen()).decode()


def test_the_plans_share_a_budget_and_one_is_not_one_after_another() -> None:
    plans = full_plans()
    whole = render_plans_table(plans, Screen()).decode()
    assert whole.count("for all functions together") == 3
    one = replace(plans, plans=plans.plans[:1], at_once=1)
    assert render_plans_table(one, Screen()).decode().startswith("1 function\n")
    none = replace(plans, plans=(), at_once=1)
    assert render_plans_table(none, Screen()).decode() == (
        "no function can be tuned\n  refused      nosuch: function nosuch does not exist\n"
    )
