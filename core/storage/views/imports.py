"""Which files were imported and what became of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from core.domain.feeds import Label
from core.domain.imports import ImportedFiles
from core.storage.views.base import StoreView

FILES = """
select kind, file_name, imported_at, rows_read, rows_stored, rows_duplicate, rows_quarantined,
    first_date, last_date
from imports order by imported_at desc, rowid desc limit ?
"""
REFUSED = """
with newest as (
    select kind, file_name, body from imports qualify row_number() over (
        partition by kind, file_sha256 order by imported_at desc, rowid desc) = 1
)
select file_name, reasons.key as reason, reasons.value::bigint as rows
from newest, json_each(body, '$.reasons') as reasons order by rows desc, file_name, reason limit ?
"""
CODES = """
select code, count(*) as rows, sum(amount)::double as amount
from broker_activities group by code order by code
"""
CLOSES = """
select symbol, started_at, provider, arg_max(close, (received_at, fetched_at)) as close from bars
where symbol in (select unnest(?::varchar[])) and timeframe = ? and provider <> ? and label = ?
    and session_date between ? and ?
group by symbol, started_at, provider order by symbol, provider, started_at
"""


class ImportViews(StoreView):
    """The facts about files, and what a file is compared with."""

    def closes_of_others(
        self, symbols: Sequence[str], timeframe: str, source: str, start: date, end: date
    ) -> pd.DataFrame:
        """Return the real closes of all providers but one: symbol, started_at, provider, close."""
        params = (list(symbols), timeframe, source, Label.REAL, start, end)
        return self._store.frame(CLOSES, params)

    def imported_files(self, limit: int = 200) -> ImportedFiles:
        """Return the newest imports, why rows were refused, and the broker's codes."""
        return ImportedFiles(
            files=self._store.frame(FILES, (limit,)),
            refused=self._store.frame(REFUSED, (limit,)),
            codes=self._store.frame(CODES),
        )
