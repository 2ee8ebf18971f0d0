/** The report's only style sheet: light and dark as the reader's system has it, and narrow screens. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --card: #f6f7f9; --ink: #1d2129; --muted: #5c6470; --line: #d9dde3;
  --found: #1f5fd6; --method: #b4540a; --fewer: #6d4bb8; --predicted: #0b7d72; --computed: #1d2129; --branch: #1f5fd6; --stack: #0b7d72; --selective: #b4540a; --heat: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --card: #1c2027; --ink: #e6e9ee; --muted: #9aa3b0; --line: #343a44;
  --found: #78a9ff; --method: #f2a65a; --fewer: #b79cf0; --predicted: #4fd1c0; --computed: #e6e9ee; --branch: #78a9ff; --stack: #4fd1c0; --selective: #f2a65a; --heat: #fb923c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
p { margin: .4rem 0; max-width: 46rem; } .muted { color: var(--muted); } .small { font-size: .85rem; }
figure { margin: .75rem 0 0; padding: 1rem; background: var(--card); border-radius: .5rem; overflow-x: auto; }
svg { display: block; max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); } svg .muted { fill: var(--muted); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { padding: .3rem .75rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--muted); font-size: .85rem; } th:first-child, td:first-child { text-align: left; } tr.found td { font-weight: 650; }
.strip { display: grid; grid-template-columns: minmax(7rem, auto) 1fr auto; gap: .15rem .75rem; align-items: center; min-width: 36rem; font-variant-numeric: tabular-nums; }
.strip svg { width: 100%; height: 14px; } .strip b { font-weight: 650; } .strip .head { grid-column: 1 / -1; margin-top: .75rem; font-weight: 650; } .strip .head:first-child { margin-top: 0; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 0 0 .75rem; padding: 0; list-style: none; font-size: .85rem; color: var(--muted); }
.key svg { display: inline-block; vertical-align: -1px; margin-right: .35rem; }
.samples td, .samples th { border: 0; padding: .15rem .3rem .15rem 0; text-align: left; vertical-align: middle; } .samples img { display: block; width: 72px; height: 72px; image-rendering: pixelated; border-radius: 3px; }
.samples td.row { min-width: 8.5rem; white-space: normal; padding-right: .75rem; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; } pre { overflow-x: auto; margin: .5rem 0 0; padding: .75rem; background: var(--card); border-radius: .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; } dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.beside { display: flex; flex-wrap: wrap; gap: .75rem; } .beside figure { margin: 0; } .beside p { margin: 0 0 .5rem; font-size: .85rem; } section > svg { margin: 1rem 0 .35rem; }
.grid path, .axis { stroke: var(--line); fill: none; } .dot { fill: var(--found); fill-opacity: .18; }
`;
