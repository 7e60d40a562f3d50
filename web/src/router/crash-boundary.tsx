/** Around the pages: one that breaks is replaced by what happened and the ways on, until one goes somewhere else. */
import { Component, type ReactNode } from 'react';
import { CrashPage } from '../shell/crash-page.tsx';

const RELOADED = 'mc.reloaded';

interface Props {
  /** Where one is; another place is another try. */
  at: string;
  /** Nothing else is on the screen then. */
  isAlone?: boolean;
  children: ReactNode;
}
interface State {
  at: string;
  error: unknown;
}

/** A page's code that the server does not have any more: another version was installed while this one was open. */
const isMissingCode = (error: unknown): boolean =>
  error instanceof Error && /dynamically imported module|importing a module script/i.test(error.message);

export class CrashBoundary extends Component<Props, State> {
  override state: State = { at: this.props.at, error: null };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error };
  }

  static getDerivedStateFromProps({ at }: Props, state: State): Partial<State> | null {
    return at === state.at ? null : { at, error: null };
  }

  override componentDidCatch(error: unknown): void {
    // Once: the new version has what was looked for. A second time it is something else.
    if (!isMissingCode(error) || !navigator.onLine || sessionStorage.getItem(RELOADED) === this.props.at)
      return;
    sessionStorage.setItem(RELOADED, this.props.at);
    location.reload();
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    const page = <CrashPage error={this.state.error} onAgain={() => this.setState({ error: null })} />;
    return this.props.isAlone ? <main>{page}</main> : page;
  }
}
