/** How a page looks: on a screen in the reader's theme, from 360 px on; on A4 always dark on white. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1b1f24; --muted: #565f69; --paper: #ffffff; --ground: #f1f3f5; --line: #c4cad1; --head: #eef1f4;
  --accent: #0b4f9c; --good: #17632b; --good-ground: #e8f5eb; --bad: #a11620; --bad-ground: #fdecec;
  --attention: #744a00; --attention-ground: #fdf3dc;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --text: #e7e9ec; --muted: #a7b0ba; --paper: #1a1d21; --ground: #101215; --line: #454c55; --head: #24292f;
    --accent: #8dbbff; --good: #7fd894; --good-ground: #14301c; --bad: #ff9f98; --bad-ground: #3a1719;
    --attention: #f1c572; --attention-ground: #33270f;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--text); overflow-wrap: anywhere;
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans TC", "Noto Sans CJK TC", "Microsoft JhengHei", "PingFang TC", sans-serif;
}
.page { max-width: 60rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 2.5rem; background: var(--paper); }
header, footer, main, nav, .sheet { display: block; }
h1, h2, h3, h4 { line-height: 1.3; margin: 0; text-wrap: balance; }
h1 { font-size: 1.65rem; }
h2 { font-size: 1.25rem; margin-top: 2rem; padding-bottom: .3rem; border-bottom: 2px solid var(--text); }
h3 { font-size: 1.05rem; margin-top: 1.5rem; }
h4 { font-size: 1rem; }
p { margin: .5rem 0; }
a { color: var(--accent); }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--paper); border: 2px solid var(--accent); }
.skip:focus { left: .5rem; top: .5rem; z-index: 1; }
.muted { color: var(--muted); }
.whole { white-space: nowrap; }
.code { font-family: ui-monospace, "Cascadia Mono", Consolas, "Noto Sans Mono", monospace; font-size: .92em; overflow-wrap: anywhere; }
bdi, dd, td, blockquote { unicode-bidi: isolate; }

nav ul { margin: .75rem 0 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }

.facts { margin: .75rem 0; display: grid; gap: .2rem 1.25rem; }
.facts > div { display: grid; grid-template-columns: clamp(6em, 26%, 11em) minmax(0, 1fr); gap: 0 1.25rem; }
.record .facts > div { display: block; }
.facts dt { color: var(--muted); }
.facts dt::first-letter, .signature dt::first-letter, th::first-letter { text-transform: uppercase; }
.facts dd { margin: 0; }

.callout { margin: 1rem 0; padding: .75rem 1rem; border: 1px solid currentColor; border-left-width: .4rem; border-radius: 4px; }
.callout p { margin: .2rem 0; }
.callout strong { font-size: 1.1rem; }
.callout.good { color: var(--good); background: var(--good-ground); }
.callout.bad { color: var(--bad); background: var(--bad-ground); }
.callout.attention { color: var(--attention); background: var(--attention-ground); }
.good { color: var(--good); } .bad { color: var(--bad); } .attention { color: var(--attention); }

.list { margin: .75rem 0; padding: 0; list-style: none; }
.list > li { padding: .5rem 0; border-top: 1px solid var(--line); }
.list > li:first-child { border-top: 0; }
.list p { margin: .15rem 0; }
.mark { font-weight: 700; }
.checks { display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; margin: .75rem 0; padding: 0; list-style: none; }

table { width: 100%; border-collapse: collapse; margin: .75rem 0; }
caption { text-align: start; font-weight: 700; padding-bottom: .3rem; }
th, td { text-align: start; vertical-align: top; padding: .35rem .6rem; border: 1px solid var(--line); font-weight: 400; }
thead th { background: var(--head); font-weight: 700; }
td.number, th.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media screen and (max-width: 40rem) {
  .stacks, .stacks caption, .stacks tbody, .stacks tr, .stacks th, .stacks td { display: block; border: 0; }
  .stacks thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacks tr { padding: .4rem 0; border-top: 1px solid var(--line); }
  .stacks th, .stacks td { padding: .1rem 0; text-align: start !important; white-space: normal !important; }
  .stacks th { font-weight: 700; }
  .stacks td[data-label]::before { content: attr(data-label); display: inline-block; min-width: 6.5em; margin-inline-end: .75em; color: var(--muted); }
}

.record { margin: .75rem 0; padding: .75rem .9rem; border: 1px solid var(--line); border-radius: 6px; }
/* Many short facts: side by side, each with its name above it. */
.record .facts { grid-template-columns: repeat(auto-fill, minmax(min(11rem, 100%), 1fr)); gap: .35rem 1.25rem; margin: .5rem 0; line-height: 1.4; }
.record .facts dt { font-size: .8rem; }
.record-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .15rem .75rem; }
.tag { padding: 0 .5em; border: 1px solid currentColor; border-radius: 3px; font-size: .85rem; }
.brief { margin: .5rem 0; padding: .1rem 0 .1rem .8rem; border-left: 3px solid var(--line); white-space: pre-line; }
.ruler { display: flex; flex-wrap: wrap; margin: .5rem 0; padding: 0 1px 1px 0; list-style: none; }
.ruler li { flex: 1 1 0; min-width: 4.4rem; margin: 0 -1px -1px 0; padding: .1rem; border: 1px solid var(--line); text-align: center; line-height: 1.35; }
.ruler b { display: block; font-weight: 700; letter-spacing: .06em; }
.ruler span { display: block; font-size: .75rem; }
.ruler .wrong { border-color: var(--bad); color: var(--bad); position: relative; }
.files { margin: .5rem 0 0; padding: 0; list-style: none; display: grid; gap: .5rem; }
.files li { display: grid; grid-template-columns: 4.5rem minmax(0, 1fr); gap: .75rem; align-items: center; }
.files p { margin: 0; }
.files .code { font-size: .8rem; }
.thumbnail { display: block; margin: 0 auto; max-width: 4.5rem; max-height: 4.5rem; object-fit: contain; border: 1px solid var(--line); background: #fff; }
.file-kind {
  display: flex; align-items: flex-end; justify-content: center; width: 2.6rem; height: 3.2rem; margin: 0 auto; padding-bottom: .25rem;
  border: 2px solid var(--muted); border-radius: 3px 12px 3px 3px; color: var(--muted); font-size: .7rem; font-weight: 700; line-height: 1;
}

.signature { margin-top: 2rem; break-inside: avoid; }
.signature dl { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 0; }
.signature div { flex: 1 1 11rem; min-height: 5.5rem; padding: .4rem .7rem; border: 1px solid var(--text); }
.signature dt { font-weight: 700; }
.signature dd { margin: 0; min-height: 1.6em; }

.signature.low { margin-top: 1rem; }
.signature.low h2 { font-size: 1rem; border-bottom: 0; margin: 0; }
.signature.low dl { margin-top: .4rem; }
.signature.low div { min-height: 3.5rem; }
dd .line.short { width: min(10rem, 100%); }
.line { display: inline-block; width: min(20rem, 100%); height: 1.3em; border-bottom: 1px solid var(--text); }
.password { font: 700 1.9rem/1.4 ui-monospace, "Cascadia Mono", Consolas, "Noto Sans Mono", monospace; letter-spacing: .06em; overflow-wrap: anywhere; white-space: pre-wrap; }
.characters { display: flex; flex-wrap: wrap; margin: .5rem 0; break-inside: avoid; padding: 0 1px 1px 0; list-style: none; }
.characters li { min-width: 3.2rem; min-height: 3rem; margin: 0 -1px -1px 0; padding: .2rem .3rem; border: 1px solid var(--line); text-align: center; line-height: 1.3; }
.characters b { display: block; font: 700 1.2rem/1.4 ui-monospace, "Cascadia Mono", Consolas, "Noto Sans Mono", monospace; white-space: pre; }
.characters span { display: block; font-size: .75rem; }

footer { margin-top: 2rem; padding-top: .5rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--muted); }

@page {
  size: A4; margin: 14mm 14mm 16mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 9pt sans-serif; color: #444; }
}
@media print {
  :root { color-scheme: light; --line: #8a929b; }
  body { background: none; font-size: 10pt; line-height: 1.45; }
  /* Borders at the very edge of the sheet's contents are cut off by printers. */
  .page { max-width: none; padding: 0 .5mm; }
  .skip, nav { display: none; }
  h1 { font-size: 17pt; } h2 { font-size: 13pt; margin-top: 11pt; } h3 { font-size: 11pt; margin-top: 10pt; } h4 { font-size: 10.5pt; }
  h1, h2, h3, h4, .record-head, .record .ruler { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  tr, .callout, .list > li, .ruler, .files li { break-inside: avoid; }
  /* A record goes on over the next sheet rather than leave this one half empty; its parts stay whole. */
  .record { margin: 5pt 0; padding: 3pt 6pt; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
  .record .facts > div { break-inside: avoid; }
  .record-head { line-height: 1.3; }
  .brief, .ruler, .files { margin: 2pt 0; line-height: 1.35; }
  .files { gap: 2pt; }
  .files li { grid-template-columns: 14mm minmax(0, 1fr); gap: 3mm; }
  .files p { line-height: 1.3; }
  .thumbnail { max-width: 14mm; max-height: 14mm; }
  .file-kind { width: 7mm; height: 8.5mm; padding-bottom: 1mm; font-size: 6pt; border-width: 1.2pt; border-radius: 2pt 6pt 2pt 2pt; }
  .record .facts { grid-template-columns: repeat(auto-fill, minmax(38mm, 1fr)); gap: 1pt 10pt; font-size: 9pt; line-height: 1.25; margin: 2pt 0; }
  .record .facts dt { font-size: 8pt; }
  .ruler li { min-width: 15.5mm; padding: 1pt; }
  .ruler span { font-size: 7pt; }
  thead { display: table-header-group; }
  .signature div { flex-basis: 30mm; min-height: 19mm; padding: 1mm 1.5mm; }
  .signature.low div { min-height: 10mm; }
  p, ol { margin-block: 3pt; }
  .sheet + .sheet { break-before: page; }
  .signature { margin-top: 14pt; }
  .signature dl { margin-top: 6pt; }
  .signature.low { margin-top: 6pt; }
  .callout { margin: 6pt 0; padding: 4pt 8pt; }
  footer { margin-top: 10pt; padding-top: 4pt; font-size: 8.5pt; }
  .callout, .file-kind, thead th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  p, .brief { orphans: 3; widows: 3; }
}
`;
