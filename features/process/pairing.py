"""SQL that makes visits of an event log's rows: which complete belongs to which start."""

from __future__ import annotations

__all__ = ["PAIRED", "ROWS", "VISITS", "timed_columns"]


def timed_columns(has_start: bool, has_end: bool, /) -> tuple[str, str]:
    """Return SQL of the start and the end that a row itself has, from the columns that the log has.

    With one of both, ``at`` is the other.

    Examples
    --------
    >>> timed_columns(True, False)
    ('started_at', 'CASE WHEN started_at IS NOT NULL THEN "at" END')
    """
    if has_start and has_end:
        return "started_at", "ended_at"
    if has_start:
        return "started_at", 'CASE WHEN started_at IS NOT NULL THEN "at" END'
    if has_end:
        return 'CASE WHEN ended_at IS NOT NULL THEN "at" END', "ended_at"
    return "NULL::TIMESTAMP", "NULL::TIMESTAMP"


# rows of one moment keep the order that they have in the table; a start and an end of one row win over its mark
ROWS = """
CREATE OR REPLACE TEMP TABLE step_rows AS
WITH marked AS (
    SELECT case_id, "at", activity, team_id, employee_id, {mark} AS life, {began} AS begins, {ended} AS ends,
        row_number() OVER () AS place FROM case_steps
),
timed AS (
    SELECT * REPLACE (
        CASE WHEN valid THEN begins END AS begins, CASE WHEN valid THEN ends END AS ends
    ) FROM (
        -- what ends before it starts has two clocks: the row is at its time, and shows neither waiting nor work
        SELECT *, coalesce(ends >= begins, life IS NULL OR life = 'other') AS valid FROM marked
    )
)
SELECT c.case_number, s.place, epoch_us(s."at") AS moment, s.activity::step_name AS step,
    s.team_id::step_team AS team_id, s.employee_id::step_person AS employee_id,
    CASE WHEN begins IS NULL AND ends IS NULL THEN life END AS life,
    epoch_us(begins) AS began, epoch_us(ends) AS ended
FROM timed AS s
JOIN step_all_cases AS c ON c.case_id = s.case_id
WHERE s.life IS DISTINCT FROM 'other' OR begins IS NOT NULL OR ends IS NOT NULL
-- the rows of start and of complete may both have both times
QUALIFY life IS NULL OR begins IS NULL OR ends IS NULL
    OR row_number() OVER (PARTITION BY case_number, step, begins, ends, s.employee_id ORDER BY place) = 1
"""

# Starts and completes of one case and step are paired in their order where as many end as start (several at a time: the
# first that started ends first; people apart where each ends what they started). Else a run of starts and the run of
# completes behind it are paired, the last starts first: a start that never ends stays without an end.
PAIRED = """
CREATE OR REPLACE TEMP TABLE step_marked AS
WITH marks AS (SELECT * FROM step_rows WHERE life IN ('start', 'complete')),
people AS (
    SELECT case_number, step, bool_and(starts = completes AND employee_id IS NOT NULL) AS by_person
    FROM (
        SELECT case_number, step, employee_id, count(*) FILTER (life = 'start') AS starts,
            count(*) FILTER (life = 'complete') AS completes
        FROM marks GROUP BY ALL
    ) GROUP BY ALL
),
laned AS (
    SELECT m.*, CASE WHEN by_person THEN employee_id END AS lane, (life = 'start')::INTEGER AS is_start
    FROM marks AS m JOIN people USING (case_number, step)
),
counted AS (
    SELECT *, sum(is_start * 2 - 1) OVER so_far AS unended, sum(is_start * 2 - 1) OVER whole AS left_over,
        sum(is_start) OVER so_far AS start_number, sum(1 - is_start) OVER so_far AS complete_number,
        coalesce(lag(life) OVER so_far, 'complete') <> life AND is_start = 1 AS begins_run
    FROM laned
    WINDOW so_far AS (
            PARTITION BY case_number, step, lane ORDER BY moment, is_start DESC, place ROWS UNBOUNDED PRECEDING
        ),
        whole AS (PARTITION BY case_number, step, lane)
),
runs AS (
    SELECT *, min(unended) OVER (PARTITION BY case_number, step, lane) >= 0 AND left_over = 0 AS in_order,
        sum(begins_run::INTEGER) OVER (
            PARTITION BY case_number, step, lane ORDER BY moment, is_start DESC, place ROWS UNBOUNDED PRECEDING
        ) AS run
    FROM counted
),
numbered AS (
    SELECT *, CASE WHEN in_order THEN 0 ELSE run END AS pair_run,
        CASE WHEN in_order THEN CASE WHEN is_start = 1 THEN start_number ELSE complete_number END
            WHEN is_start = 1 THEN least(
                sum(is_start) OVER of_run, sum(1 - is_start) OVER of_run
            ) - sum(is_start) OVER of_run + row_number() OVER (
                PARTITION BY case_number, step, lane, run, is_start ORDER BY moment, place
            )
            ELSE row_number() OVER (PARTITION BY case_number, step, lane, run, is_start ORDER BY moment, place)
        END AS pair
    FROM runs
    WINDOW of_run AS (PARTITION BY case_number, step, lane, run)
),
paired AS (
    SELECT coalesce(s.case_number, e.case_number) AS case_number, coalesce(s.place, e.place) AS place,
        coalesce(s.step, e.step) AS step, coalesce(s.team_id, e.team_id) AS team_id,
        coalesce(s.employee_id, e.employee_id) AS employee_id, s.moment AS began, e.moment AS ended
    FROM (FROM numbered WHERE is_start = 1) AS s FULL JOIN (FROM numbered WHERE is_start = 0) AS e
        ON s.case_number = e.case_number AND s.step = e.step AND s.lane IS NOT DISTINCT FROM e.lane
        AND s.pair_run = e.pair_run AND s.pair = e.pair
),
-- a suspended step waits until the next of its marks
pauses AS (
    SELECT case_number, step, moment AS paused_from, coalesce(following, 9223372036854775807) AS paused_until
    FROM (
        SELECT *, lead(moment) OVER (PARTITION BY case_number, step ORDER BY moment, place) AS following
        FROM step_rows WHERE life IS NOT NULL
    ) WHERE life = 'suspend'
),
visits AS (
    FROM paired
    UNION ALL
    SELECT case_number, place, step, team_id, employee_id, began, ended FROM step_rows
    WHERE began IS NOT NULL OR ended IS NOT NULL
    UNION ALL
    SELECT case_number, place, step, team_id, employee_id, NULL, moment FROM step_rows
    WHERE life IS NULL AND began IS NULL AND ended IS NULL
)
SELECT v.*, coalesce(sum(least(paused_until, ended) - paused_from) / 1e6, 0) AS paused
FROM visits AS v LEFT JOIN pauses AS p
    ON p.case_number = v.case_number AND p.step = v.step AND p.paused_from >= v.began AND p.paused_from < v.ended
GROUP BY ALL
"""

VISITS = """
CREATE OR REPLACE TEMP TABLE step_visits AS
WITH clamped AS (
    SELECT m.*, c.process, c.opened,
        -- within the case: what lies before its opening or after its closing adds no time
        greatest(c.opened, least(coalesce(began, ended), coalesce(c.closed, 9223372036854775807))) AS enters,
        greatest(c.opened, least(coalesce(ended, began), coalesce(c.closed, 9223372036854775807))) AS leaves,
        coalesce(ended < c.opened OR began > c.closed, FALSE) AS outside
    FROM step_marked AS m JOIN step_all_cases AS c USING (case_number)
),
placed AS (
    SELECT *, row_number() OVER path AS number,
        greatest(opened, coalesce(max(leaves) OVER (path ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), opened))
            AS free,
        -- nobody knows until when the step before was worked on
        coalesce(lag(began IS NOT NULL AND ended IS NULL) OVER path, FALSE) AS after_unended,
        lag(step) OVER path AS source, lag(team_id) OVER path AS source_team,
        lag(employee_id) OVER path AS source_employee
    FROM clamped
    WINDOW path AS (PARTITION BY case_number ORDER BY coalesce(began, ended), coalesce(ended, began), place)
),
timed AS (
    SELECT *, greatest(leaves - free, 0) / 1e6 AS elapsed,
        CASE WHEN began IS NOT NULL AND NOT outside AND NOT after_unended THEN greatest(enters - free, 0) / 1e6 + paused
        END AS wait,
        CASE WHEN began IS NOT NULL AND ended IS NOT NULL AND NOT outside
            THEN greatest((leaves - enters) / 1e6 - paused, 0) END AS work
    FROM placed
)
SELECT case_number, number AS place, step, team_id, employee_id, process, leaves AS reached,
    elapsed, coalesce(wait, elapsed) AS waiting, wait, work, source, source_team,
    coalesce(team_id <> source_team, FALSE) AS team_changed,
    coalesce(team_id <> source_team, FALSE) OR coalesce(employee_id <> source_employee, FALSE) AS handed_over,
    coalesce(source <> step, FALSE) AND row_number() OVER (PARTITION BY case_number, step ORDER BY number) > 1 AS
        comes_back, began IS NOT NULL AND ended IS NULL AS unended, outside
FROM timed
"""
