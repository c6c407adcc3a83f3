// Shows what broke instead of an empty page.
import { Component, type ReactNode } from "react";
import { Panel } from "../ui/Panel";

interface State {
  error: Error | null;
}

export class Boundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="page">
        <Panel id="page" title="This page failed" state="error" error={error.message}>
          <div>
            <button type="button" className="button" onClick={() => window.location.reload()}>
              Load it again
            </button>
          </div>
        </Panel>
      </div>
    );
  }
}
