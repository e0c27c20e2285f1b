import { ComponentChildren } from "preact";
import { Fault } from "./api";
import { Affinity } from "./draft";

interface Given { a: Affinity; edit: (change: (a: Affinity) => void) => void; faults: (pointer: string) => Fault[]; off: boolean }

// Rest is what is set once and seldom looked at again.
export function Rest({ a, edit, faults, off }: Given) {
  const wrong = (key: string) => faults("#/affinity/" + key).map((f) => <span key={f.message} class={f.severity === "warn" ? "hint" : "wrong"} role="alert">{f.message}{f.hint && "; " + f.hint}</span>);
  const field = (key: string, name: string, hint: string, control: ComponentChildren) => <label>{name}{control}<span class="hint">{hint}</span>{wrong(key)}</label>;
  return <>
    <section aria-label="Lives"><h2>How long a session lives</h2><div class="pair">
      {field("ttl/idle", "Without traffic", "such as 30m; 0: no end", <input value={a.ttl.idle} disabled={off} maxLength={20} onInput={(e) => { const v = e.currentTarget.value; edit((x) => { x.ttl.idle = v; }); }} />)}
      {field("ttl/max", "In all", "such as 12h; 0: no end", <input value={a.ttl.max} disabled={off} maxLength={20} onInput={(e) => { const v = e.currentTarget.value; edit((x) => { x.ttl.max = v; }); }} />)}</div></section>
    <details class="further"><summary>Session ids and limits</summary>
      <div class="pair">
        {field("route/delimiter", "The route in a session id begins after", "mod_jk: the first dot", <select value={a.route.delimiter} disabled={off} onChange={(e) => { const v = e.currentTarget.value; edit((x) => { x.route.delimiter = v; }); }}><option value="first">the first dot</option><option value="last">the last dot</option></select>)}
        {field("route/query", "GET parameter with a session id", "such as jsessionid; none when empty", <input value={a.route.query} disabled={off} maxLength={255} onInput={(e) => { const v = e.currentTarget.value; edit((x) => { x.route.query = v; }); }} />)}
        {field("maxKeys", "Keys of one session at most", "2 to 4096", <input type="number" min={2} max={4096} value={a.maxKeys} disabled={off} onInput={(e) => { const v = e.currentTarget.valueAsNumber; if (Number.isInteger(v)) edit((x) => { x.maxKeys = v; }); }} />)}</div>
      <label class="check"><input type="checkbox" checked={a.route.anyCase} disabled={off} onChange={(e) => { const v = e.currentTarget.checked; edit((x) => { x.route.anyCase = v; }); }} /> The session cookie counts in any case</label>
      <label class="check"><input type="checkbox" checked={a.instance} disabled={off} onChange={(e) => { const v = e.currentTarget.checked; edit((x) => { x.instance = v; }); }} /> Paths of Restcomm's REST interface go to the node whose instance made the call</label>
    </details></>;
}
