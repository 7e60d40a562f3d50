/**
 * The house rules of ARCHITECTURE.md, as data. Every import in src/ and web/src/ is read from the sources and held
 * against the table of rooms; a door that is not in the table is a failure that names the file, the import and the
 * rule, and says where the thing belongs instead.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { importsOf, withoutComments, type ImportStatement } from './support/read-imports.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Room {
  /** Other rooms this one may import; its own files always. */
  mayImport: string[];
  /** Rooms of which it may take types alone: `import type` is gone when the code runs. */
  typesFrom?: string[];
  /** npm packages and Node built-ins it may import; 'any' where that is its own business. */
  packages: 'any' | RegExp;
  because: string;
}

const ROOMS: Record<string, Room> = {
  domain: {
    mayImport: [],
    packages: /^$/,
    because:
      'time, ids and randomness are arguments there: it runs in the browser, in the simulation and in `verify` alike',
  },
  contract: {
    mayImport: ['domain'],
    packages: /^zod$/,
    because: 'one schema validates, documents and types a message, and knows nothing of who sends it',
  },
  client: {
    mayImport: ['domain'],
    typesFrom: ['contract'],
    packages: /^$/,
    because:
      'pages, commands and runner speak to the server with fetch alone, and zod stays out of the browser',
  },
  store: {
    mayImport: ['domain'],
    packages: 'any',
    because: 'it is the only room with SQL, and keeps what it is given without judging it',
  },
  services: {
    mayImport: ['domain', 'store'],
    typesFrom: ['contract'],
    packages: 'any',
    because:
      'a use case loads, lets the domain decide, and commits; how it was asked for is the transport’s matter',
  },
  loops: {
    mayImport: ['services', 'domain', 'store'],
    packages: 'any',
    because: 'a loop is `runOnce(now)` and a timer around it; it changes nothing but through a service',
  },
  transports: {
    mayImport: ['services', 'contract', 'domain'],
    typesFrom: ['store'],
    packages: 'any',
    because: 'it translates and authenticates, nothing else',
  },
  outgoing: {
    mayImport: [],
    typesFrom: ['services'],
    packages: 'any',
    because:
      'it sends to addresses that people have typed, and knows nothing of what it sends: the guard is one small room',
  },
  runner: {
    mayImport: ['client', 'contract', 'domain'],
    packages: 'any',
    because: 'the local runner is a remote runner that happens to be near; it never sees the store',
  },
  cli: {
    mayImport: ['client', 'contract', 'domain'],
    packages: 'any',
    because: 'a command is a client of the API like any other; it never sees the store',
  },
  web: {
    mayImport: ['client', 'domain'],
    typesFrom: ['contract'],
    packages: 'any',
    because: 'the pages are a client of the API like any other, and zod stays out of the browser',
  },
};

/** Rooms that others enter through one file only. */
const DOORS: Record<string, string> = { store: 'src/store/port.ts' };

/** The composition root, the only place that knows everyone. */
const MAIN = 'main';

const SQL_PACKAGES = /^(kysely|pg|node:sqlite|better-sqlite3|@photostructure\/sqlite)(\/|$)/;
const SQL_TEXT =
  /['"`][^'"`]*\b(insert\s+into\s|delete\s+from\s|create\s+(unique\s+)?(table|index)\s|pragma\s+\w|begin\s+immediate|select\s[^'"`]*\sfrom\s+\w+\s+(where|order|join|limit)|update\s+\w+\s+set\s)/i;

interface Source {
  /** Path from the root, with forward slashes. */
  path: string;
  room: string;
  text: string;
  imports: ImportStatement[];
}

function listFiles(folder: string, endings: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/](node_modules|dist|repository)[\\/]/.test(file))
    .sort();
}

function roomOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] === 'web') return 'web';
  return parts.length === 2 ? MAIN : (parts[1] ?? MAIN);
}

function readSources(): Source[] {
  const files = [
    ...listFiles(join(root, 'src'), /\.ts$/),
    ...listFiles(join(root, 'web/src'), /\.tsx?$/),
  ].filter((file) => !file.endsWith('.d.ts'));
  return files.map((file) => {
    const path = relative(root, file).replaceAll('\\', '/');
    const text = readFileSync(file, 'utf8');
    return { path, room: roomOf(path), text, imports: importsOf(text) };
  });
}

const sources = readSources();
/** Tests, and what stands ready for them in a folder named `testing`. */
const isTest = (source: Source): boolean => /\.test\.tsx?$|\/testing\//.test(source.path);

/** The room that a relative import leads to, or null for a package. */
function targetOf(source: Source, statement: ImportStatement): string | null {
  if (!statement.from.startsWith('.')) return null;
  return relative(root, resolve(root, dirname(source.path), statement.from)).replaceAll('\\', '/');
}

function breaches(): string[] {
  const found: string[] = [];
  for (const source of sources) {
    const room = ROOMS[source.room];
    if (source.room === MAIN) continue;
    if (!room) {
      found.push(
        `${source.path} is in src/${source.room}/, which is no room of the house. Move it into one of ${Object.keys(ROOMS).join(', ')}, or add the room, with its reason, to this table and to ARCHITECTURE.md.`,
      );
      continue;
    }
    for (const statement of source.imports) {
      const target = targetOf(source, statement);
      if (target === null) {
        if (isTest(source) || room.packages === 'any' || room.packages.test(statement.from)) continue;
        found.push(
          `${source.path}:${statement.line} imports "${statement.from}", but ${source.room} takes no package: ${room.because}. Pass what it needs as an argument.`,
        );
        continue;
      }
      const other = target.startsWith('src/') || target.startsWith('web/') ? roomOf(target) : null;
      if (other === null || other === source.room) continue;
      // A test may use the real neighbours (a store in memory, the schemas) to check its own room against.
      if (isTest(source)) continue;
      const asType = room.typesFrom?.includes(other) === true;
      const door = DOORS[other];
      if (asType && !statement.typeOnly) {
        found.push(
          `${source.path}:${statement.line} imports ${target} as a value, but ${source.room} takes only types from ${other}: ${room.because}. Write \`import type\`.`,
        );
      } else if (!asType && !room.mayImport.includes(other)) {
        found.push(
          `${source.path}:${statement.line} imports ${target}, but ${source.room} may import only ${listed(room)}: ${room.because}.`,
        );
      } else if (door !== undefined && target !== door) {
        found.push(
          `${source.path}:${statement.line} imports ${target}, but others enter ${other} through ${door} alone. Add what is missing to that port.`,
        );
      }
    }
  }
  return found;
}

function listed({ mayImport, typesFrom = [] }: Room): string {
  const all = [...mayImport, ...typesFrom.map((room) => `types from ${room}`)];
  return all.length === 0 ? 'nothing' : all.join(', ');
}

describe('the reader of imports', () => {
  test('sees static, re-exported, type-only, dynamic and multi-line imports, and no examples in comments', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      "export * from './c.ts';",
      'import {',
      '  d,',
      '  type E,',
      "} from './d.ts';",
      "// import { no } from './no.ts'",
      "/* export * from './neither.ts' */",
      "const later = await import('./f.ts');",
      "type G = import('./g.ts').G;",
      "import './h.css';",
    ].join('\n');
    expect(importsOf(text).sort((a, b) => a.line - b.line)).toEqual([
      { from: './a.ts', line: 1, typeOnly: false },
      { from: './b.ts', line: 2, typeOnly: true },
      { from: './c.ts', line: 3, typeOnly: false },
      { from: './d.ts', line: 7, typeOnly: false },
      { from: './f.ts', line: 10, typeOnly: false },
      { from: './g.ts', line: 11, typeOnly: true },
      { from: './h.css', line: 12, typeOnly: false },
    ]);
  });
});

describe('the house', () => {
  test('there are sources to look at', () => {
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.some((source) => source.imports.length > 0)).toBe(true);
  });

  test('every import goes through a door that the table of rooms has', () => {
    expect(breaches()).toEqual([]);
  });

  test('relative imports carry their .ts ending and lead to a file', () => {
    const broken = sources.flatMap((source) =>
      source.imports
        .filter((statement) => source.room !== 'web' && statement.from.startsWith('.'))
        .filter((statement) => {
          const target = targetOf(source, statement);
          return target === null || !target.endsWith('.ts') || !existsSync(join(root, target));
        })
        .map(
          (statement) =>
            `${source.path}:${statement.line} imports "${statement.from}", which is no file; name it with its .ts ending.`,
        ),
    );
    expect(broken).toEqual([]);
  });

  test('only the store speaks SQL', () => {
    const found = sources
      .filter((source) => source.room !== 'store' && source.room !== MAIN)
      .flatMap((source) => [
        ...source.imports
          .filter((statement) => SQL_PACKAGES.test(statement.from))
          .map(
            (statement) =>
              `${source.path}:${statement.line} imports "${statement.from}". Ask the store's port for it, and write the query in src/store/.`,
          ),
        ...(!isTest(source) && SQL_TEXT.test(withoutComments(source.text))
          ? [`${source.path} contains SQL. Move the query to src/store/, behind a method of its port.`]
          : []),
      ]);
    expect(found).toEqual([]);
  });

  test('only services commit', () => {
    const found = sources
      .filter((source) => !['services', 'store'].includes(source.room) && !isTest(source))
      .filter((source) => /\bstore\s*\.\s*commit\s*\(/.test(withoutComments(source.text)))
      .map(
        (source) =>
          `${source.path} calls store.commit. Make it a use case in src/services/ and call that: one room commits, so that every change is decided first.`,
      );
    expect(found).toEqual([]);
  });

  test('no file has grown over 500 lines', () => {
    const files = [
      ...listFiles(join(root, 'src'), /\.ts$/),
      ...listFiles(join(root, 'web/src'), /\.(tsx?|css)$/),
      ...['test', 'scripts', 'examples', 'bench'].flatMap((folder) =>
        listFiles(join(root, folder), /\.(ts|mjs|js)$/),
      ),
    ];
    const tooLong = files
      .map((file) => ({
        file: relative(root, file),
        lines: readFileSync(file, 'utf8').split('\n').length - 1,
      }))
      .filter(({ lines }) => lines > 500)
      .map(({ file, lines }) => `${file} has ${lines} lines. Split it where it has two jobs.`);
    expect(tooLong).toEqual([]);
  });
});
