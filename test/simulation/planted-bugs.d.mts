export const PLANTED: {
  name: string;
  file: string;
  find: string;
  replace: string;
  /** Too rare for the quick run of CI. */
  slow?: boolean;
  also?: { file: string; find: string; replace: string };
}[];
