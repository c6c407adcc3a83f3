// What a panel shows before it was asked anything.
import { Panel } from "../ui/Panel";

export function noExpression(id: string) {
  return <Panel id={id} className="result-panel" state="empty" empty="Enter an expression and execute it with Shift+Enter." />;
}
