/**
 * A part of the app that comes later, and that can be asked for ahead. Once its code is here it is drawn in the same task
 * in which it is wanted, and takes the focus there: so the next key goes to it. (React's own `lazy` draws a placeholder
 * first, even for code that has come.)
 */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

interface Part<Props> {
  Part: LazyExoticComponent<ComponentType<Props>>;
  preload: () => Promise<unknown>;
}

export function lazyPart<Props>(load: () => Promise<{ default: ComponentType<Props> }>): Part<Props> {
  let here: { default: ComponentType<Props> } | undefined;
  let coming: Promise<{ default: ComponentType<Props> }> | undefined;
  const preload = (): Promise<{ default: ComponentType<Props> }> => {
    coming ??= load().then(
      (module) => (here = module),
      (error: unknown) => {
        coming = undefined;
        throw error;
      },
    );
    return coming;
  };
  const now = (module: { default: ComponentType<Props> }) =>
    // oxlint-disable-next-line unicorn/no-thenable -- a promise would answer one task later
    ({ then: (use: (module: { default: ComponentType<Props> }) => void) => use(module) }) as ReturnType<
      typeof load
    >;
  return { Part: lazy(() => (here ? now(here) : preload())), preload };
}
