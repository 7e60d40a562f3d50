import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeMissionControl, serveEachTest } from '../../../test/support/fake-mission-control.ts';
import { mctl } from '../../../test/support/run-command-line.ts';
import { sampleEvidence, sampleTicket } from '../../../test/support/samples.ts';

const server = new FakeMissionControl();
serveEachTest(server);
let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'mc-evidence-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const CONTENT = 'the report\n';
function serve(content: string): void {
  const artifact = sampleEvidence({
    kind: 'artifact',
    claim: {
      name: 'report.txt',
      sha256: createHash('sha256').update(CONTENT).digest('hex'),
      size: CONTENT.length,
    },
    details: { contentUrl: '/api/v1/evidence/evd_1/content' },
  });
  server
    .on('GET /tickets/MC-1', { body: sampleTicket({ key: 'MC-1', evidence: [artifact] }) })
    .on(`GET /evidence/${artifact.id}/content`, { raw: content });
}

test('an artifact is saved where one says, once it is known to be what was handed in', async () => {
  serve(CONTENT);
  const file = join(dir, 'out.txt');
  const { code, out } = await mctl(['evidence', 'download', 'mc-1', 'report.txt', '-o', file], {
    url: server.url,
  });
  expect(code).toBe(0);
  expect(out).toContain('11 bytes');
  expect(readFileSync(file, 'utf8')).toBe(CONTENT);
  serve('something else');
  const other = await mctl(['evidence', 'download', 'mc-1', '-o', file], { url: server.url });
  expect(other.code).toBe(2);
  expect(other.err).toContain('is not what was handed in');
  expect(readFileSync(file, 'utf8')).toBe(CONTENT);
});
