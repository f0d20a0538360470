/**
 * The page at `/`: a form made from the model's schema by web/page.ts. It holds nothing of the model itself, so it needs
 * no token; the browser asks for the schema with the token that the person enters.
 */
export const pageHtml = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lanewise model</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<main>
  <h1 id="title">Model</h1>
  <p id="about"></p>
  <form id="token-form" hidden>
    <label for="token">Access token</label>
    <input id="token" type="password" autocomplete="off">
    <button>Open</button>
  </form>
  <form id="form" hidden>
    <div id="fields"></div>
    <button>Predict</button>
  </form>
  <output id="answer" for="fields" aria-live="polite"></output>
  <p class="quiet">The same over HTTP: <a href="openapi.json">openapi.json</a>. An empty field is a missing value.</p>
</main>
<script type="module" src="page.js"></script>
</html>
`;

export const pageCss = `:root { color-scheme: light dark; --line: #8886; --accent: #2563eb; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0; padding: 1.5rem 1rem }
main { max-width: 46rem; margin: 0 auto }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere }
.quiet, #about { opacity: .75; font-size: .9rem }
#fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem 1.2rem; margin: 1.2rem 0 }
label { display: block; font-size: .9rem; overflow-wrap: anywhere }
input, select { width: 100%; box-sizing: border-box; font: inherit; padding: .35rem .5rem; border: 1px solid var(--line); border-radius: .35rem }
small { opacity: .65 }
button { font: inherit; padding: .45rem 1.3rem; border: 0; border-radius: .35rem; background: var(--accent); color: #fff; cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
#answer { display: block; margin: 1.2rem 0; min-height: 2rem }
#answer strong { font-size: 1.5rem; overflow-wrap: anywhere }
#answer .error { color: #dc2626 }
table { border-collapse: collapse; margin-top: .5rem } td { padding: .15rem 1rem .15rem 0 } td:last-child { text-align: right; font-variant-numeric: tabular-nums }
`;
