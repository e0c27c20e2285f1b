// The steps of a decision, as the session screen and the route tester show them.
import { Step, Why } from "./api";
import { Icon, NodeChip, Rule } from "./parts";
import { KeyChip } from "./keychips";
import { ruleText } from "./words";

export function Steps({ w }: { w: Why }) {
  return <ol class="steps">{w.steps.map((x, i) => <StepRow key={i} x={x} node={w.node} />)}</ol>;
}

function StepRow({ x, node }: { x: Step; node?: string }) {
  const winner = x.result === "winner";
  const result = winner ? "decides" : x.result === "hit" ? (x.node === node ? "agrees" : "set aside") : x.result === "skip" ? "set aside" : "not known";
  return <li class={winner ? "winner" : ""}><Icon name={winner || result === "agrees" ? "ok" : result === "set aside" ? "warn" : "dot"} /><Rule code={x.rule} />
    <span class="detail">{winner ? ruleText(x.rule) : x.detail || ruleText(x.rule)}{x.key && <> <KeyChip k={x.key} /></>}</span>{x.node && <NodeChip name={x.node} plain />}<span class="result">{result}</span></li>;
}
