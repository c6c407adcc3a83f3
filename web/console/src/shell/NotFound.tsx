// An address that is none of ours.
import { Panel } from "../ui/Panel";
import { Link } from "./router";

export function NotFound({ path }: { path: string | null }) {
  return (
    <div className="page">
      <Panel
        id="page"
        state="empty"
        empty={
          <>
            There is no page at <code>{path ?? window.location.pathname}</code>. <Link to="/">Go home</Link>
          </>
        }
      />
    </div>
  );
}
