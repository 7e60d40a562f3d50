/** What differs between the interfaces of model providers. */
import type { Asked, Reply } from './script.ts';

/** A server-sent event. */
export interface Frame {
  event?: string;
  data: unknown;
}

export interface Dialect {
  /** Null where the path is none of this dialect. */
  read(path: string, body: Record<string, unknown>): Asked | null;
  whole(asked: Asked, reply: Reply): unknown;
  frames(asked: Asked, reply: Reply): Frame[];
  error(status: number, message: string): unknown;
}

export type Json = Record<string, unknown>;

export const json = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
export const array = (value: unknown): Json[] => (Array.isArray(value) ? value.map(json) : []);
export const string = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Text in its usual forms: a string, or a list of parts with a text. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return array(content)
    .map((part) => string(part['text']))
    .join('\n');
}

let made = 0;
export const newId = (prefix: string): string =>
  `${prefix}_scripted${(++made).toString(36).padStart(6, '0')}`;
export const seconds = (): number => Math.floor(Date.now() / 1000);
export const pieces = (text: string): string[] => text.match(/[\s\S]{1,12}/g) ?? [];
