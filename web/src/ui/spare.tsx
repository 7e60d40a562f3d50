/**
 * Around what the app can do without: a part that could not be loaded (the network went before it came) or that broke
 * takes nothing else with it.
 */
import { Component, type ReactNode } from 'react';

export class Spare extends Component<
  {
    children: ReactNode;
    /** What stands there instead, with a way to try again. */
    fallback?: (again: () => void) => ReactNode;
  },
  { failed: boolean }
> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return this.props.fallback?.(() => this.setState({ failed: false })) ?? null;
  }
}
