/**
 * Aligned tables that fit the terminal. One column may be flexible: it gives way when the terminal is narrow. Where
 * nobody looks (a pipe, a file) nothing is cut.
 */
import { displayWidth, pad, truncate } from './display-width.ts';
import { line, Safe, type Printable } from './safe-text.ts';
import { coloured, labelOf, type Style } from './style.ts';

export interface Column<Row> {
  title: string;
  value: (row: Row) => Printable;
  /** Applied after the value was cut to its width, so that colour codes are never cut. */
  paint?: (shown: Safe, row: Row) => Safe;
  align?: 'left' | 'right';
  /** This column shrinks first. */
  flexible?: boolean;
}

/** A column of one word of the domain: read as people read it, coloured by what it means. */
export function wordColumn<Row>(
  { style }: { style: Style },
  title: string,
  word: (row: Row) => string | null,
): Column<Row> {
  return {
    title,
    value: (row) => labelOf(word(row) ?? ''),
    paint: (shown, row) => coloured(style, word(row) ?? '', shown),
  };
}

const GAP = '  ';
const NARROWEST = 8;

/** @param columns the width of the terminal; null where there is none */
export function renderTable<Row>(
  rows: Row[],
  table: Column<Row>[],
  { style, columns }: { style: Style; columns: number | null },
): Safe[] {
  const cells = rows.map((row) => table.map((column) => line(column.value(row)).text));
  // A column in which nothing stands says nothing; it goes, so that the others have its room.
  const kept = table.flatMap((column, index) =>
    rows.length === 0 || cells.some((row) => row[index] !== '') ? [{ column, index }] : [],
  );
  const widths = kept.map(({ column, index }) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  if (columns !== null) {
    shrink(
      widths,
      kept.map(({ column }) => column.flexible === true),
      columns,
    );
  }

  const render = (make: (at: number) => Safe): Safe => {
    const parts = kept.map(({ column }, at) => pad(make(at), widths[at] ?? 0, column.align));
    return Safe.trusted(
      parts
        .map((part) => part.text)
        .join(GAP)
        .trimEnd(),
    );
  };
  const header = render((at) => style.dim(truncate(kept[at]?.column.title ?? '', widths[at] ?? 0)));
  const body = rows.map((row, rowAt) =>
    render((at) => {
      const { column, index } = kept[at]!;
      const shown = Safe.trusted(truncate(cells[rowAt]?.[index] ?? '', widths[at] ?? 0));
      return column.paint === undefined || shown.text === '' ? shown : column.paint(shown, row);
    }),
  );
  return [header, ...body];
}

/** Takes the surplus from the flexible columns first, then from the widest of all. */
function shrink(widths: number[], flexible: boolean[], columns: number): void {
  let surplus = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - columns;
  const takeFrom = (candidates: number[]): void => {
    while (surplus > 0) {
      const widest = candidates
        .filter((at) => (widths[at] ?? 0) > NARROWEST)
        .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
      if (widest === undefined) return;
      widths[widest] = (widths[widest] ?? 0) - 1;
      surplus -= 1;
    }
  };
  const all = widths.map((_, at) => at);
  takeFrom(all.filter((at) => flexible[at]));
  takeFrom(all);
}
