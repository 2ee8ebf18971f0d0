/** The only style sheet of a page: light and dark as the reader's system has it, for wide screens and narrow ones. */
export const STYLE = `
:root {
  color-scheme: light dark; --paper: #fff; --card: #f6f7f9; --ink: #1d2129; --muted: #555d69; --line: #d3d8df;
  --focus: #1f5fd6; --found: #1f5fd6; --method: #b4540a; --fewer: #6d4bb8; --predicted: #0b7d72; --cloud: #5d86cf;
  --computed: #1d2129; --branch: #1f5fd6; --stack: #0b7d72; --selective: #b4540a; --heat: #c2410c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1c2027; --ink: #e6e9ee; --muted: #a3acb9; --line: #3a414c; --focus: #9cc0ff;
    --found: #78a9ff; --method: #f2a65a; --fewer: #b79cf0; --predicted: #4fd1c0; --cloud: #5f87c9; --computed: #e6e9ee;
    --branch: #78a9ff; --stack: #4fd1c0; --selective: #f2a65a; --heat: #fb923c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 64rem; padding: 2rem 1.25rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin: 0 0 .25rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
footer { margin-top: 3rem; }
.muted { color: var(--muted); }
.small { font-size: .85rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
figure {
  position: relative; margin: .75rem 0 0; padding: 1rem; background: var(--card); border-radius: .5rem;
  overflow-x: auto;
}
svg { display: block; max-width: 100%; height: auto; }
svg.fixed { max-width: none; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .muted { fill: var(--muted); }
.narrow { display: none; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; }
thead th { color: var(--muted); font-size: .85rem; vertical-align: bottom; line-height: 1.3; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); }
tbody th { font-weight: 400; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; }
.unit { display: block; font-weight: 400; }
tr.found th, tr.found td { font-weight: 650; }
.strips { width: 100%; }
.strips th, .strips td { border: 0; padding: .1rem .75rem .1rem 0; vertical-align: top; }
.strips td:nth-child(2), .strips th:nth-child(2) { width: 100%; text-align: left; }
.strip { width: 100%; }
.strip .letters { font: 9px ui-monospace, monospace; text-anchor: middle; fill: var(--muted); }
.key {
  display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 0 0 .75rem; padding: 0; list-style: none;
  font-size: .85rem; color: var(--muted);
}
.key svg { display: inline-block; vertical-align: -3px; margin-right: .35rem; }
.key code { color: var(--ink); }
.swatch { background: var(--paper); border: 1px solid var(--line); box-sizing: content-box; }
.samples td, .samples th {
  border: 0; padding: .15rem .3rem .15rem 0; text-align: left; vertical-align: middle; white-space: normal;
}
.samples thead th { max-width: 72px; overflow-wrap: anywhere; vertical-align: bottom; }
.samples thead th:first-child { max-width: none; }
.samples img {
  display: block; width: 72px; height: 72px; object-fit: contain; image-rendering: pixelated; border-radius: 3px;
}
.samples tbody th { min-width: 7rem; padding-right: .75rem; overflow-wrap: anywhere; }
.samples .note { color: var(--muted); font-size: .85rem; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow-x: auto; margin: .5rem 0 0; padding: .75rem; background: var(--card); border-radius: .5rem; }
details { margin-top: .5rem; }
summary { cursor: pointer; }
.scrolled { overflow: auto; max-height: 24rem; font-size: .85rem; }
.scrolled th:first-child { background: var(--paper); }
figure .scrolled th:first-child { background: var(--card); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
.maps { margin-top: 1rem; }
.beside { display: flex; flex-wrap: wrap; gap: .75rem; }
.beside figure { max-width: 100%; min-width: 0; }
.beside p { margin: 0 0 .5rem; font-size: .85rem; }
.grid path { stroke: var(--line); fill: none; }
.leader { stroke: var(--muted); stroke-width: .75; }
.plot .label { paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
.cloud circle { fill-opacity: .45; stroke: var(--cloud); stroke-width: .75; }
.tip { display: none; paint-order: stroke; stroke: var(--card); stroke-width: 4px; font-weight: 600; }
.point:hover .tip, .point:focus .tip { display: block; }
.point:focus { outline: none; }
.point:focus-visible > :not(text) { stroke: var(--focus); stroke-width: 3px; }
@media (max-width: 760px) {
  .wide { display: none; }
  .narrow { display: block; width: 100%; max-width: 28rem; }
  .plot.narrow { margin: 0; }
}
@media (max-width: 480px) {
  body { padding: 1.25rem .75rem 2rem; }
  figure { padding: .75rem; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .4rem; }
}
@media print {
  figure, .scrolled { overflow: visible; max-height: none; }
}
`;
