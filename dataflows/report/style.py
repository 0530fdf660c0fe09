"""How reports look: one style sheet, light or dark as the reader's system is."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --ink: #1d2330; --dim: #667085; --rule: #e4e7ec;
  --c1: #3867d6; --c2: #d64545; --c3: #2f9e6e; --c4: #e0932f; --c5: #7f56d9; --c6: #0e9cb5;
  --c7: #b5489a; --c8: #7d6b4f; }
@media (prefers-color-scheme: dark) { :root { --back: #12151c; --card: #1b202a; --ink: #e6e9ef; --dim: #98a2b3;
  --rule: #2c3340; --c1: #6d95f5; --c2: #f27272; --c3: #4cc38f; --c4: #f0b45c; --c5: #a78bfa; --c6: #46c3d8;
  --c7: #e07fc4; --c8: #b8a583; } }
.c1 { --c: var(--c1) } .c2 { --c: var(--c2) } .c3 { --c: var(--c3) }
.c4 { --c: var(--c4) } .c5 { --c: var(--c5) } .c6 { --c: var(--c6) }
.c7 { --c: var(--c7) } .c8 { --c: var(--c8) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 32px 24px 64px; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
h1 { margin: 0; font-size: 28px; letter-spacing: -.01em }
header p { margin: 6px 0 24px; max-width: 80ch; color: var(--dim) }
h2 { margin: 0 0 2px; font-size: 17px }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 12px; margin-bottom: 16px }
.tile, section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px }
.tile { padding: 12px 16px; display: flex; flex-direction: column }
.tile span, .tile small, .note { color: var(--dim) }
.tile span, .tile small { font-size: 13px }
.tile strong { font-size: 24px; line-height: 1.3; font-variant-numeric: tabular-nums }
main { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px }
section { padding: 18px 20px; min-width: 0 }
section.wide { grid-column: 1 / -1 }
.note { margin: 0 0 10px; font-size: 13.5px }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: 13.5px }
th, td { padding: 6px 10px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule) }
td { overflow-wrap: anywhere }
td.short { white-space: nowrap }
code { font: 12.5px ui-monospace, Menlo, Consolas, monospace }
th { color: var(--dim); font-weight: 600; white-space: nowrap }
tbody tr:last-child td { border-bottom: 0 }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; font-size: 13.5px }
dt { color: var(--dim) } dd { margin: 0; overflow-wrap: anywhere }
.legend { margin: 4px 0 0; font-size: 13px; color: var(--dim); display: flex; flex-wrap: wrap; gap: 4px 16px }
.key::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px;
  background: var(--c) }
svg { display: block; width: 100%; max-width: 760px; height: auto }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: var(--dim) }
svg .name { fill: var(--ink) }
.grid { stroke: var(--rule) } .base { stroke: var(--dim) } .mark { stroke: var(--dim); stroke-dasharray: 4 4 }
.line { stroke: var(--c); stroke-width: 2; stroke-linejoin: round }
.fill { fill: var(--c) } .track { fill: var(--rule) }
@media (max-width: 860px) { main { grid-template-columns: minmax(0, 1fr) }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)) }
  body { padding: 20px 14px 40px } }
@media print { body { max-width: none } section { break-inside: avoid } }
"""
