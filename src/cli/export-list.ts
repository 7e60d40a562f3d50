/** `--csv` of a list: what stands in the table, whole, for a spreadsheet or a pipe. */
import { Option } from 'commander';
import { type ExportedView, viewToCsv } from '../client/transfer/export-view.ts';
import type { Context } from './context.ts';
import { plainText } from './terminal/safe-text.ts';

export const csvFlag = (): Option => new Option('--csv', 'print it as CSV');

/** A pipe takes it as it is; a terminal would obey what strangers may have written into it. */
export function printText({ io }: Context, text: string): void {
  io.out(io.columns === null ? text : text.split('\n').map(plainText).join('\n'));
}

export const printCsv = (context: Context, view: ExportedView, items: readonly unknown[]): void =>
  printText(context, viewToCsv(view, items));
