// Small charts as SVG: lines over a logarithmic axis of sizes, readable on white and on black.
const WIDTH = 400;
const HEIGHT = 250;
const LEFT = 52;
const RIGHT = 14;
const TOP = 44;
const BOTTOM = 44;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 13px; }
  .soft { fill: #59636e; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .a { stroke: #0550ae; fill: #0550ae; }
  .b { stroke: #953800; fill: #953800; }
  path { fill: none !important; stroke-width: 2; }
  path.b { stroke-dasharray: 6 4; }
  circle { stroke: none; }
  text.a, text.b { stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .soft { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .a { stroke: #79c0ff; fill: #79c0ff; }
    .b { stroke: #ffa657; fill: #ffa657; }
  }`;

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const short = (n) => (n >= 1000 ? `${n / 1000}k` : String(n));

/** A round number at or above the value. */
function roundUp(value) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * unit).find((step) => step >= value);
}

/** @param {{title: string, x: string, y: string, lines: {name: string, points: [number, number][]}[]}} chart */
function panel({ title, x, y, lines }, left, top) {
  const all = lines.flatMap((line) => line.points);
  const [low, high] = [
    Math.log10(Math.min(...all.map(([size]) => size))),
    Math.log10(Math.max(...all.map(([size]) => size))),
  ];
  const most = roundUp(Math.max(...all.map(([, value]) => value)) * 1.15);
  const at = (size) =>
    LEFT + ((Math.log10(size) - low) / Math.max(high - low, 1e-9)) * (WIDTH - LEFT - RIGHT);
  const up = (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const f = (value) => value.toFixed(1);
  const parts = [
    `<text class="title" x="0" y="16">${escape(title)}</text>`,
    `<text class="soft" x="0" y="33">${escape(y)}</text>`,
  ];
  for (let step = 0; step <= 4; step += 1) {
    const value = (most / 4) * step;
    parts.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${f(up(value))}" y2="${f(up(value))}"/>`,
      `<text class="soft" text-anchor="end" x="${LEFT - 6}" y="${f(up(value) + 4)}">${Number(value.toPrecision(3))}</text>`,
    );
  }
  for (const size of new Set(all.map(([n]) => n)))
    parts.push(
      `<text class="soft" text-anchor="middle" x="${f(at(size))}" y="${HEIGHT - BOTTOM + 17}">${short(size)}</text>`,
    );
  parts.push(
    `<text class="soft" text-anchor="end" x="${WIDTH - RIGHT}" y="${HEIGHT - BOTTOM + 35}">${escape(x)}</text>`,
  );
  for (const [n, { name, points }] of lines.entries()) {
    const colour = n === 0 ? 'a' : 'b';
    parts.push(
      `<path class="${colour}" d="M${points.map(([size, value]) => `${f(at(size))},${f(up(value))}`).join('L')}"/>`,
      ...points.map(
        ([size, value]) =>
          `<circle class="${colour}" cx="${f(at(size))}" cy="${f(up(value))}" r="3"><title>${escape(`${name}, ${size}: ${value.toPrecision(3)}`)}</title></circle>`,
      ),
    );
    // Names stand in a row of their own: at the lines they would meet where the lines do.
    if (lines.length > 1)
      parts.push(
        `<text class="${colour}" x="${LEFT + n * 150}" y="${HEIGHT - BOTTOM + 35}">${escape(name)}</text>`,
      );
  }
  return `<g transform="translate(${left} ${top})">${parts.join('')}</g>`;
}

/** Panels two in a row. */
export function drawCharts(charts, description) {
  const rows = Math.ceil(charts.length / 2);
  const [width, height] = [2 * WIDTH + 40, rows * (HEIGHT + 24)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(description)}">`,
    `<style>${STYLE}\n</style>`,
    ...charts.map((chart, n) => panel(chart, (n % 2) * (WIDTH + 40), Math.floor(n / 2) * (HEIGHT + 24))),
    '</svg>',
    '',
  ].join('\n');
}
