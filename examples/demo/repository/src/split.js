/** Splits an amount of cents among so many people. */
export function split(cents, people) {
  const share = Math.floor(cents / people);
  return Array.from({ length: people }, () => share);
}
