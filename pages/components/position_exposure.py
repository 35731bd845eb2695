"""What is held by name and by sector, against the limits of the risk policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.domain.exposure import Exposed, Exposure
from pages.components.charts import Palette, palette
from pages.components.formatting import percent, plural, prose

MOST = 10  # bars of a chart; what is left is said in words
BAR, FRAME = 30, 44  # pixels: of a bar, and of what stands around all of them


def exposure(found: Exposure | None) -> None:
    """Draw both, or why there is nothing to draw."""
    st.markdown("**Exposure** :small[:gray[share of equity at the market, held now]]")
    if found is None:
        st.caption("It is known once the account and its positions have been read.")
        return
    if not found.names:
        st.caption("Nothing is held: no name and no sector is exposed.")
    else:
        _bars("By name", found.names, key="positions_names")
        _bars("By sector", found.sectors, key="positions_sectors")
    st.caption(totals(found))


def totals(found: Exposure) -> str:
    """Say what is held altogether, and what the policy allows."""
    net_limit = f" of {percent(found.net_limit, places=0)}" if found.net_limit is not None else ""
    over = [one.name for one in (*found.names, *found.sectors) if one.is_over]
    told = (
        f"Gross {percent(found.gross)} of {percent(found.gross_limit, places=0)}, "
        f"net {percent(found.net, signed=True)}{net_limit}, by policy "
        f"{prose(found.policy_version)}. Sizing counts orders that may still fill, too."
    )
    return f"**Over the limit: {prose(', '.join(over))}.** {told}" if over else told


def _bars(title: str, rows: Sequence[Exposed], *, key: str) -> None:
    shown, rest = rows[:MOST], rows[MOST:]
    limit = rows[0].limit
    of = f"the dashed line is the limit of {percent(limit, places=0)}" if limit else "no limit"
    st.markdown(f":small[{title} :gray[{of}]]")
    st.echarts_chart(
        chart(shown), height=BAR * len(shown) + FRAME, key=key,
        alt=f"{title}: " + "; ".join(f"{one.name} {in_words(one)}" for one in rows),
    )  # fmt: skip
    if rest:
        left = percent(sum(one.fraction for one in rest))
        st.caption(f"{plural(len(rest), 'smaller one')}: {left} together.")


def in_words(row: Exposed) -> str:
    """Say how much is held on which side, and of which limit."""
    sides = [
        f"{side} {percent(abs(usd) / row.gross_usd * row.fraction)}"
        for side, usd in (("long", row.long_usd), ("short", row.short_usd))
        if usd
    ]
    limit = f" of {percent(row.limit, places=0)}" if row.limit is not None else ", no limit"
    return " and ".join(sides) + limit + (", over" if row.is_over else "")


def chart(rows: Sequence[Exposed]) -> dict[str, Any]:
    """Return bars to the right for what is long and to the left for what is short."""
    colors, limit = palette(), rows[0].limit
    far = max([limit or 0.0, *(one.fraction for one in rows)]) * 100
    near = -far if any(one.short_usd for one in rows) else 0
    marks = [limit * 100, -limit * 100] if limit is not None else []
    return {
        "grid": {"left": 4, "right": 24, "top": 4, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "min": round(near, 1), "max": round(far, 1), "splitNumber": 4,
                  "axisLabel": {"formatter": "{value} %", "hideOverlap": True}},
        "yAxis": {"type": "category", "inverse": True, "data": [one.name for one in rows],
                  "axisTick": {"show": False}},
        "series": [
            _series("long", [_share(one, one.long_usd) for one in rows], colors.primary, far)
            | {"markLine": _limits([mark for mark in marks if mark >= near], colors)},
            _series("short", [_share(one, one.short_usd) for one in rows], colors.series[3], far),
        ],
    }  # fmt: skip


def _limits(marks: Sequence[float], colors: Palette) -> dict[str, Any]:
    return {
        "silent": True, "symbol": "none", "data": [{"xAxis": mark} for mark in marks],
        "label": {"show": False}, "lineStyle": {"color": colors.bad, "type": "dashed"},
    }  # fmt: skip


def _share(row: Exposed, usd: float) -> float:
    return round(usd / row.gross_usd * row.fraction * 100, 2) if row.gross_usd else 0.0


def _series(name: str, values: Sequence[float], color: str, far: float) -> dict[str, Any]:
    """Return one side with its words at the bars, inside of long ones; nothing has none."""
    return {
        "type": "bar", "name": name, "stack": "all", "color": color, "barMaxWidth": 18,
        "data": [{"value": value, "label": _label(name, value, far)} for value in values],
    }  # fmt: skip


def _label(name: str, value: float, far: float) -> dict[str, Any]:
    end, is_inside = "Right" if value >= 0 else "Left", abs(value) > far / 2
    return {
        "show": bool(value), "formatter": f"{name} {abs(value):.1f} %",
        "position": f"inside{end}" if is_inside else end.lower(),
        **({"color": "#FFFFFF"} if is_inside else {}),
    }  # fmt: skip
