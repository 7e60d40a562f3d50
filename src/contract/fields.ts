/** The members that requests share, with their limits: texts 64 KiB, no NUL, no lone surrogate. */
import { z } from 'zod';
import { argv as argvArray } from './shapes.ts';

export const TEXT = 65_536;
/** Refuses NUL and lone surrogates: neither store keeps them faithfully. */
export const clean = (max: number) =>
  z
    .string()
    .max(max)
    // eslint-disable-next-line no-control-regex
    .refine((s) => !/\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(s), {
      message: 'must not contain NUL or lone surrogates',
    });
export const text = clean(TEXT);
export const required = (max: number) =>
  clean(max).refine((s) => s.trim() !== '', { message: 'must not be empty' });
export const name = (what: string) =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    message: `${what} is 1 to 64 letters, digits, dots, dashes or underscores, and starts with a letter or digit`,
  });
export const commandInput = z
  .union([argvArray, z.string().min(1).max(8192)])
  .transform((c) => (typeof c === 'string' ? ['/bin/sh', '-c', c] : c));
export const time = z.iso.datetime({ offset: true });
export const ticketKey = z
  .string()
  .regex(/^[A-Z][A-Z0-9]{0,9}-[1-9][0-9]{0,9}$/, { message: 'a ticket key looks like MC-12' });
export const seconds = z.number().int().min(1).max(604_800);
export const strings = (max: number, item: z.ZodType<string> = clean(1000)) => z.array(item).max(max);
export const commitId = z.string().max(200);
