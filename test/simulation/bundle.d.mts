export function bundleSimulation(
  root: string,
  folder: string,
  mutations?: object[],
  entry?: string,
): Promise<string>;
export function plant(source: string, mutation: { file: string; find: string; replace: string }): string;
