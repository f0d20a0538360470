/** The pages' one style sheet: light and dark, from 320 px to wide screens, and on paper. */
export const style = `
:root{color-scheme:light dark;--page:#fbfbfa;--panel:#fff;--text:#1c2024;--quiet:#5d666f;--line:#e3e6e8;--accent:#0f6b8f;--second:#d0693c;--good:#22774a;--warn:#a65a00;--bad:#b3261e;--tint:#eaf3f7}
@media (prefers-color-scheme:dark){:root{--page:#15181b;--panel:#1c2024;--text:#e7eaec;--quiet:#9ba5ae;--line:#30363c;--accent:#5cb6d9;--second:#e88f63;--good:#69c492;--warn:#e0a458;--bad:#f28b82;--tint:#1d2b33}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
.wrap{max-width:1120px;margin:0 auto;padding:0 20px}
header.top{padding:44px 0 8px}
h1{font-size:clamp(1.6rem,1.2rem + 2vw,2.4rem);line-height:1.15;margin:0 0 .4em;letter-spacing:-.02em;overflow-wrap:anywhere}
h2{font-size:1.45rem;line-height:1.25;margin:0 0 .3em;letter-spacing:-.01em;overflow-wrap:anywhere}
h3{font-size:1.05rem;margin:2em 0 .5em;overflow-wrap:anywhere}
p{margin:.4em 0 1em;max-width:74ch;overflow-wrap:anywhere}
.lead{font-size:1.1rem}
.quiet{color:var(--quiet);font-size:.9rem}
a{color:var(--accent);text-underline-offset:.15em}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;padding:12px 0;font-size:.92rem;border-bottom:1px solid var(--line)}
nav a{text-decoration:none}nav a:hover{text-decoration:underline}
section{padding:40px 0 16px;border-top:1px solid var(--line);scroll-margin-top:8px}
section:first-of-type{border-top:0}
.step{color:var(--accent);font-size:.85rem;font-weight:600;letter-spacing:.02em;margin:0 0 .3em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:14px;margin:22px 0}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:14px 16px;min-width:0}
.tile b{display:block;font-size:1.5rem;line-height:1.2;font-weight:650;letter-spacing:-.01em;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tile span{display:block;color:var(--quiet);font-size:.85rem}
.tile.main{background:var(--tint);border-color:var(--accent)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:20px;margin:20px 0;align-items:start}
figure{margin:0;background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:16px 18px 12px;min-width:0}
figure.wide{grid-column:1/-1}
figcaption{font-weight:600;margin:0 0 8px;overflow-wrap:anywhere}
.chart{width:100%;min-height:40px;overflow:hidden}.chart svg{display:block;max-width:100%}
figure>p{margin:8px 0 2px}
details{margin:6px 0}summary{cursor:pointer;color:var(--quiet);font-size:.88rem}
.scroll{overflow-x:auto;max-height:320px;overflow-y:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:8px 12px 8px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
td:first-child{min-width:7.5em}h3+table,table+table{margin-top:6px}
th{font-weight:600;color:var(--quiet);font-size:.85rem}
.kind{white-space:nowrap}
td.number,th.number{text-align:right;padding-right:14px;white-space:nowrap}
tr.best td{background:var(--tint)}tr.best td:first-child{box-shadow:inset 3px 0 var(--accent);padding-left:10px}
.spark{width:120px;height:28px;display:block}.spark rect{fill:var(--accent)}
.tag{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 9px;font-size:.8rem;line-height:1.6;white-space:nowrap}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.alerts{list-style:none;padding:0;margin:16px 0;display:grid;gap:10px}
.alerts li{background:var(--panel);border:1px solid var(--line);border-left:4px solid var(--quiet);border-radius:8px;padding:10px 14px;overflow-wrap:anywhere}
.alerts li.warning{border-left-color:var(--warn)}
.alerts small{display:block;color:var(--quiet);font-size:.9rem}
.next{background:var(--tint);border-radius:8px;padding:12px 16px;margin:18px 0;max-width:none}
pre{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:12px 14px;white-space:pre-wrap;overflow-wrap:anywhere;font:.86rem/1.5 ui-monospace,"Cascadia Mono",Menlo,"DejaVu Sans Mono",monospace}
code{font:.9em ui-monospace,"Cascadia Mono",Menlo,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
footer{padding:32px 0 56px;color:var(--quiet);font-size:.88rem;border-top:1px solid var(--line);margin-top:32px}
@media (max-width:680px){
body{font-size:15.5px}.wrap{padding:0 16px}header.top{padding-top:28px}
table.reflow thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.reflow tr{display:block;padding:10px 0;border-bottom:1px solid var(--line)}
table.reflow td,table.reflow td.number{display:flex;justify-content:space-between;gap:16px;border:0;padding:3px 0;text-align:right;white-space:normal}
table.reflow td>*{min-width:0}table.reflow td{overflow-wrap:anywhere;min-width:0}
table.reflow td::before{content:attr(data-label);color:var(--quiet);text-align:left;flex:none;max-width:45%}
table.reflow td:first-child{font-weight:600;text-align:left}table.reflow td:first-child::before{content:none}
table.reflow td:empty{display:none}tr.best td:first-child{padding-left:10px}
figure{padding:14px 12px 10px}
}
@media print{body{background:#fff}nav,details{display:none}figure,.tile{break-inside:avoid}}
`;
