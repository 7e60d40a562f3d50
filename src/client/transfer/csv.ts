/** Comma-separated values (RFC 4180), written for spreadsheets and read from other boards' exports. Pure. */

/**
 * A spreadsheet would take a cell that begins with these for a formula, which may fetch or run things; an apostrophe
 * before them makes it text. One that looks as if it had been made safe already gets another.
 */
const NEEDS_APOSTROPHE = /^'*[=+\-@\t\r]/;

/** @param cells text as it is; a cell that a spreadsheet would calculate is made text by an apostrophe before it */
export function toCsv(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, ...rows].map((cells) => `${cells.map(toCell).join(',')}\r\n`).join('');
}

function toCell(text: string): string {
  const safe = NEEDS_APOSTROPHE.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== text ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The cell as it was before `toCsv` made it safe. */
export const fromCell = (cell: string): string =>
  cell.startsWith("'") && NEEDS_APOSTROPHE.test(cell) ? cell.slice(1) : cell;

/** Rows of cells; quoted cells may hold commas, quotes and line breaks. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  const source = text.replace(/^\uFEFF/, '');
  for (let at = 0; at < source.length; at += 1) {
    const char = source[at] ?? '';
    if (isQuoted) {
      if (char !== '"') cell += char;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (char === '"' && cell === '') isQuoted = true;
    else if (char === ',') {
      row.push(cell);
      cell = '';
    } else if (char === '\n' || char === '\r') {
      if (char === '\r' && source[at + 1] === '\n') at += 1;
      row.push(cell);
      rows.push(row);
      row = [];
      cell = '';
    } else cell += char;
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell]);
  return rows.filter((cells) => cells.some((each) => each.trim() !== ''));
}
