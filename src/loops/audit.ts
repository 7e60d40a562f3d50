/**
 * The audit: proves the state once in a while and says where it does not hold. It judges no text and rewrites nothing;
 * what it finds becomes an alert, one per invariant.
 */
import { type Observation, fingerprintOf } from '../domain/alert/alert.ts';

const RULE = 'invariant_violated';

export interface AuditPorts {
  verify: () => Promise<{
    events: number;
    invariants: { id: string; name: string; ok: boolean; violations: string[] }[];
  }>;
  raise: (observation: Observation) => Promise<void>;
  clear: (fingerprint: string) => Promise<void>;
}

export async function runAudit(ports: AuditPorts): Promise<string> {
  const { events, invariants } = await ports.verify();
  const violated = invariants.filter((invariant) => !invariant.ok);
  for (const { id, name, ok, violations } of invariants) {
    if (ok) await ports.clear(fingerprintOf(RULE, id));
    else {
      const detail = `${id} does not hold (${name}): ${violations[0] ?? ''}. See mctl verify.`;
      await ports.raise({ rule: RULE, subject: id, severity: 'critical', detail });
    }
  }
  return violated.length === 0
    ? `${events} events, every invariant holds`
    : `${events} events, violated: ${violated.map((invariant) => invariant.id).join(', ')}`;
}
