export const PLANTED: {
  name: string;
  file: string;
  find: string;
  replace: string;
  also?: { file: string; find: string; replace: string };
}[];
