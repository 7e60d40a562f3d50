/** An amount of cents as people read it. */
export function format(cents) {
  return (cents / 100).toFixed(2);
}
