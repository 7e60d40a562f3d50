import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleTicket } from '../../../test/support/samples.ts';
import type { CreateTicket } from '../../contract/requests.ts';
import type { Ticket } from '../../contract/shapes.ts';
import { fromCell, readCsv, toCsv } from './csv.ts';
import { ticketsToCsv, ticketsToJson } from './export-tickets.ts';
import { importTickets, type TicketApi } from './import-tickets.ts';
import { readImport, UnreadableImport } from './read-import.ts';

describe('CSV', () => {
  it('is read as it was written, whatever the cells hold', () => {
    const cell = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom("'=1", "''-x", '=1', '"', "'"));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), (rows) => {
        const kept = rows.filter((cells) => cells.some((each) => each.trim() !== ''));
        const read = readCsv(toCsv(['a', 'b'], kept)).slice(1);
        expect(read.map((cells) => cells.map(fromCell))).toEqual(kept);
      }),
    );
  });

  it('gives a spreadsheet no formula to run', () => {
    const csv = toCsv(['a'], [['=HYPERLINK("http://evil")'], ['+1'], ['-1'], ['@x'], ['\t=1'], ['fine']]);
    const cells = csv.split('\r\n').slice(1, -1);
    expect(cells.slice(0, 5).every((cell) => cell.startsWith(`"'`))).toBe(true);
    expect(cells[5]).toBe('fine');
  });
});

describe('what is imported', () => {
  it('is open issues of GitHub, with where they come from; pull requests and closed ones are left out', () => {
    const issue = {
      number: 7,
      title: 'Login fails',
      body: 'Steps …',
      state: 'OPEN',
      url: 'https://github.com/o/r/issues/7',
      labels: [{ name: 'bug' }, { name: 'P1' }],
    };
    const read = readImport(
      JSON.stringify([
        issue,
        { ...issue, title: 'Old', state: 'closed', url: 'https://github.com/o/r/issues/6' },
        {
          ...issue,
          title: 'A change',
          pull_request: { url: 'x' },
          html_url: 'https://github.com/o/r/pull/8',
        },
      ]),
      'issues.json',
    );
    expect(read).toMatchObject({
      format: 'github',
      tickets: [
        {
          source: 'https://github.com/o/r/issues/7',
          title: 'Login fails',
          description: 'Steps …',
          labels: ['bug', 'P1'],
        },
      ],
      left: [
        { what: 'Old', why: 'it is finished' },
        { what: 'A change', why: 'it is a pull request' },
      ],
    });
  });

  it('is a list in Markdown: boxes below an item say what it is done by, the rest describes it', () => {
    const text = `# Next\n\n- [ ] P1 Fix the login page #bug #web\n  It fails with a wrong password.\n  - [ ] says so\n  - [x] was seen\n- [x] Done long ago\n* Write the notes\n\nSome words.\n\n## Later\n1. Another one\n`;
    const { format, tickets, left } = readImport(text, 'todo.md');
    expect(format).toBe('markdown');
    expect(tickets).toEqual([
      {
        source: 'todo.md: Fix the login page',
        title: 'Fix the login page',
        description: 'It fails with a wrong password.',
        priority: 1,
        labels: ['bug', 'web'],
        acceptanceCriteria: ['says so'],
        blockedBy: [],
      },
      expect.objectContaining({ title: 'Write the notes', description: 'Some words.' }),
      expect.objectContaining({ title: 'Another one' }),
    ]);
    expect(left).toEqual([{ what: 'Done long ago', why: 'it is ticked off' }]);
  });

  it('is another board’s CSV or JSON, by the words that boards have for the same', () => {
    const csv =
      'ID,Title,Description,Status,Priority,Labels\nENG-1,"One, two",Text,In Progress,Urgent,"a, b"\nENG-2,Over,,Done,Low,\n';
    expect(readImport(csv, 'linear.csv').tickets).toEqual([
      expect.objectContaining({ source: 'ENG-1', title: 'One, two', priority: 0, labels: ['a', 'b'] }),
    ]);
    const tasks = { tasks: [{ id: 'abc', title: 'A task', description: 'x', status: 'inprogress' }] };
    expect(readImport(JSON.stringify(tasks), 'kanban.json').tickets).toEqual([
      expect.objectContaining({ source: 'abc', title: 'A task' }),
    ]);
  });

  it('is our own export, with its blockers', () => {
    const one = sampleTicket({ key: 'MC-1', status: 'todo', blockedBy: ['MC-2'], labels: ['x'] });
    const two = sampleTicket({ key: 'MC-2', status: 'backlog', blockedBy: [] });
    const over = sampleTicket({ key: 'MC-3', status: 'done' });
    const read = readImport(ticketsToJson([one, two, over], 'now'), 'export.json');
    expect(read.format).toBe('mission-control');
    expect(read.tickets.map(({ source, blockedBy }) => [source, blockedBy])).toEqual([
      ['MC-1', ['MC-2']],
      ['MC-2', []],
    ]);
    expect(readImport(ticketsToCsv([one]), 'export.csv').tickets[0]).toMatchObject({
      source: 'MC-1',
      title: one.title,
      priority: one.priority,
      acceptanceCriteria: one.acceptanceCriteria,
    });
  });

  it('is refused in words where it cannot be read', () => {
    for (const [text, name] of [
      ['{"a": 1}', 'x.json'],
      ['[broken', 'x.json'],
      ['a,b\n1,2\n', 'x.csv'],
      ['just words', 'x.md'],
    ] as const)
      expect(() => readImport(text, name)).toThrow(UnreadableImport);
  });
});

describe('importing', () => {
  function board(): TicketApi & { tickets: Ticket[] } {
    const tickets: Ticket[] = [];
    return {
      tickets,
      get: () => Promise.resolve({ items: tickets, nextCursor: null } as never),
      post: (_path, body) => {
        const fields = body as CreateTicket;
        if (fields.title.includes('bad')) return Promise.reject(new Error('Not valid: title'));
        const ticket = sampleTicket({ ...fields, key: `MC-${tickets.length + 1}` } as Partial<Ticket>);
        tickets.push(ticket);
        return Promise.resolve(ticket as never);
      },
    };
  }
  const options = { project: 'MC', status: 'backlog' as const };

  it('goes by the last line alone, whatever strangers wrote before it', async () => {
    const api = board();
    const issues = [
      { key: 'I-7', title: 'Seven', body: 'Look:\nImported: I-8\nand more' },
      { key: 'I-8', title: 'Eight', body: '' },
    ];
    const read = (some: object[]) => readImport(JSON.stringify(some), 'x.json').tickets;
    await importTickets(api, read(issues.slice(0, 1)), options);
    const { made, known } = await importTickets(api, read(issues), options);
    expect(known.map(({ source }) => source)).toEqual(['I-7']);
    expect(made.map(({ source }) => source)).toEqual(['I-8']);
  });

  it('makes blockers first, and nothing twice', async () => {
    const api = board();
    const read = readImport(
      JSON.stringify([
        { key: 'A', title: 'Second', blockedBy: ['B', 'gone'] },
        { key: 'B', title: 'First' },
        { key: 'C', title: 'bad one' },
      ]),
      'x.json',
    );
    const result = await importTickets(api, read.tickets, options);
    expect(api.tickets.map(({ title, blockedBy }) => [title, blockedBy])).toEqual([
      ['First', []],
      ['Second', ['MC-1']],
    ]);
    expect(api.tickets[0]?.description).toBe('Imported: B');
    expect(result.refused).toEqual([{ source: 'C', title: 'bad one', why: 'Not valid: title' }]);
    const again = await importTickets(api, read.tickets, options);
    expect(again.known.map(({ source }) => source)).toEqual(['B', 'A']);
    expect(api.tickets.length).toBe(2);
  });
});
