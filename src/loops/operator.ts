/**
 * The operator: looks, and raises or clears alerts. It is given a snapshot and two functions, and nothing else, so it
 * cannot move a ticket, change a job or decide anything (findings 6 and 9).
 */
import { type Observation, fingerprintOf } from '../domain/alert/alert.ts';
import { type OperatorSnapshot, RULES, observe } from '../domain/operator/rules.ts';

export interface OperatorPorts {
  look: () => Promise<OperatorSnapshot>;
  raise: (observation: Observation) => Promise<void>;
  /** Fingerprints of alerts by these rules that are not resolved. */
  unresolved: (rules: readonly string[]) => Promise<string[]>;
  clear: (fingerprint: string) => Promise<void>;
}

export async function runOperator(ports: OperatorPorts): Promise<Observation[]> {
  const observations = observe(await ports.look());
  const holding = new Set(observations.map(({ rule, subject }) => fingerprintOf(rule, subject)));
  for (const observation of observations) await ports.raise(observation);
  for (const fingerprint of await ports.unresolved(RULES.map((rule) => rule.name))) {
    if (!holding.has(fingerprint)) await ports.clear(fingerprint);
  }
  return observations;
}
