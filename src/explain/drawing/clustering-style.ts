/** What the pictures of clusterings share. They follow the light or dark scheme of where they are shown. */

/** Told apart in both schemes and by most eyes (Okabe and Ito 2008, without black and yellow), again from the ninth on. */
const HUES = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#8b5cf6', '#7f7f7f'];

export const hueOf = (cluster: number): string => HUES[cluster % HUES.length]!;

export const pictureStyle = `text{font:13px ui-sans-serif,system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2024}.s{font-size:12px;fill:#5d666f}.h{font-size:16px;font-weight:650}.p{fill:#fff}.n{fill:#aab2b9}.l{stroke:#aab2b9;fill:none;stroke-width:1.5}.c{stroke:#1c2024;stroke-dasharray:5 4}.a{stroke:#dfe3e6}
@media (prefers-color-scheme:dark){text{fill:#e7eaec}.s{fill:#9ba5ae}.p{fill:#15181b}.n{fill:#56606a}.l{stroke:#56606a}.c{stroke:#e7eaec}.a{stroke:#272c31}}`;

export function picture(title: string, width: number, height: number, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" style="max-width:100%;height:auto" role="img" aria-label="${title}"><style>${pictureStyle}</style>
<rect class="p" width="100%" height="100%"/><text class="h" x="16" y="26">${title}</text>
${body}
</svg>
`;
}

/** Round numbers from 0 to `most`, about five of them. */
export function ticksTo(most: number): number[] {
  if (!(most > 0) || most === Number.POSITIVE_INFINITY) return [0];
  let step = 1;
  while (step * 5 < most) step *= 10;
  while (step * 5 > most * 10) step /= 10;
  const wanted = [step / 5, step / 2, step, 2 * step].find((one) => most / one <= 6) ?? step;
  return Array.from({ length: Math.floor(most / wanted + 1e-9) + 1 }, (_, k) => k * wanted);
}
