/** What the runner says about itself: one JSON object a line on standard error. Tokens never pass through here. */
export type Log = (message: string, facts?: Record<string, unknown>) => void;

export const stderrLog: Log = (message, facts = {}) => {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), message, ...facts })}\n`);
};
