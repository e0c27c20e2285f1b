import { useEffect, useRef, useState } from "preact/hooks";
import { Node, Page } from "./api";
import { draft } from "./draft";
import { place, useData } from "./state";
import { Copy, Head, NodeChip, Same, word } from "./parts";
import { Fault, Outcome } from "./outcome";
import { templates } from "./templates";

// What was typed is kept in the fragment, which no browser sends anywhere.
interface Input {
  proto: "http" | "sip"; text: string; from: string; transport: string; side: string;
  nodes: Record<string, string>; // what is supposed of nodes
  affinity: string; // a draft of one, as JSON; "": the one in force
}

const longest = 8000; // bytes of a message that a link still carries
const states = ["down", "disabled", "stopped", "ok"];

function readInput(q: URLSearchParams): Input {
  const given = (k: string) => q.get(k) ?? "";
  const pairs = given("nodes").split(",").map((s) => s.split(":")).filter(([name, state]) => name && states.includes(state));
  return { proto: q.get("proto") === "sip" ? "sip" : "http", text: given("text"), from: given("from"), transport: given("transport"), side: given("side"), nodes: Object.fromEntries(pairs), affinity: given("affinity") };
}

function fragment(x: Input): string {
  const q = new URLSearchParams();
  const set = (k: string, v: string) => v && q.set(k, v);
  if (x.proto === "sip") q.set("proto", "sip");
  if (x.text.length <= longest) set("text", x.text);
  set("from", x.from);
  set("transport", x.transport);
  set("side", x.side);
  set("nodes", Object.entries(x.nodes).map(([name, state]) => name + ":" + state).join(","));
  if (x.affinity.length <= longest) set("affinity", x.affinity);
  const s = q.toString();
  return "#/route" + (s ? "?" + s : "");
}

// bodyOf is what the API is asked, and assumed the part of it that is supposed.
function bodyOf(x: Input) {
  if (!x.text.trim()) return null;
  const given = (o: Record<string, string>) => Object.fromEntries(Object.entries(o).filter(([, v]) => v));
  const message = x.proto === "sip" ? { sip: { raw: x.text, ...given({ transport: x.transport, side: x.side, from: x.from }) } } : { http: { raw: x.text, ...given({ from: x.from }) } };
  let affinity: unknown;
  try {
    affinity = x.affinity ? JSON.parse(x.affinity) : undefined;
  } catch {
    affinity = undefined; // somebody shortened the link
  }
  const assume = { ...(Object.keys(x.nodes).length && { nodes: x.nodes }), ...(affinity !== undefined && { affinity }) };
  return { plain: message, whole: Object.keys(assume).length ? { ...message, assume } : message };
}

// verb is the same question on a command line.
function verb(x: Input): string {
  const options = [["--transport", x.transport], ["--side", x.side], ["--from", x.from], ...Object.entries(x.nodes).map(([name, state]) => ["--assume", name + "=" + state])];
  return `route --${x.proto} - --explain` + options.filter(([, v]) => v).map(([k, v]) => ` ${k} ${word(v)}`).join("") + " <<'END'\n" + x.text.trimEnd() + "\nEND";
}

// useInput keeps what is typed and the address the same.
function useInput(): [Input, (part: Partial<Input>) => void] {
  const [x, setX] = useState<Input>(() => readInput(place.value.query));
  const written = useRef("");
  useEffect(() => { // an address that came by a link or the back button
    const now = fragment(readInput(place.value.query));
    if (written.current && now !== written.current && location.hash !== written.current) setX(readInput(place.value.query));
  }, [place.value]);
  useEffect(() => {
    const hash = fragment(x);
    if (location.hash !== hash) history.replaceState(null, "", hash);
    written.current = hash;
  }, [x]);
  return [x, (part) => setX((old) => ({ ...old, ...part }))];
}

export function RouteScreen() {
  const [x, change] = useInput();
  const [faults, setFaults] = useState<Fault[]>([]);
  const members = useData<Page<Node>>("/nodes", 10000).data?.items ?? [];
  const body = bodyOf(x);
  return <>
    <Head title="Route tester" sub="Where would this message go, and why? The gateway's own readers read it. Asking creates, moves and counts nothing.">
      {body && <Same path="/route/explain" method="POST" body={body.whole} cli={verb(x)} />}</Head>
    <div class="tester">
      <div>
        <Tabs proto={x.proto} onPick={(proto) => change({ proto, text: "", transport: "", side: "", from: "" })} />
        <Paste x={x} faults={faults} onText={(text) => change({ text })} />
        <Sender x={x} onChange={change} />
        <WhatIf x={x} members={members} onChange={change} />
      </div>
      <Outcome body={body} onFaults={setFaults} />
    </div>
    {x.text && <p class="muted small share">The address of this page holds what you pasted, so that it can be shared; session ids in it are secrets. {x.text.length > longest ? "This message is too long for that."
      : <Copy text={location.origin + location.pathname + fragment(x)} label="Copy a link to this test">link</Copy>}</p>}
  </>;
}

function Tabs({ proto, onPick }: { proto: string; onPick: (p: "http" | "sip") => void }) {
  const all = ["http", "sip"] as const;
  const arrows = (e: KeyboardEvent) => {
    if (e.key !== "ArrowLeft" && e.key !== "ArrowRight") return;
    const other = proto === "http" ? "sip" : "http";
    onPick(other);
    document.getElementById("tab-" + other)?.focus();
  };
  return <div class="tabs" role="tablist" aria-label="Protocol">{all.map((p) =>
    <button key={p} type="button" role="tab" id={"tab-" + p} aria-selected={proto === p} aria-controls="paste" tabIndex={proto === p ? 0 : -1} onClick={() => proto !== p && onPick(p)} onKeyDown={arrows}>{p.toUpperCase()}</button>)}</div>;
}

// jump selects the line that a fault is about.
function jump(f: Fault) {
  const box = document.querySelector<HTMLTextAreaElement>("#message");
  if (!box) return;
  const lines = box.value.split("\n");
  const start = lines.slice(0, f.line - 1).reduce((n, l) => n + l.length + 1, 0);
  box.focus();
  box.setSelectionRange(start + Math.max(0, f.column - 1), start + (lines[f.line - 1]?.length ?? 0));
}

function Paste({ x, faults, onText }: { x: Input; faults: Fault[]; onText: (s: string) => void }) {
  return <div id="paste" role="tabpanel" aria-labelledby={"tab-" + x.proto}>
    <div class="filters begin"><span class="muted">begin with</span>{templates[x.proto].map(([name, text]) => <button key={name} type="button" class="toggle" onClick={() => onText(text)}>{name}</button>)}
      {x.text && <button type="button" class="plain" onClick={() => onText("")}>clear</button>}</div>
    <textarea id="message" value={x.text} rows={x.proto === "sip" ? 12 : 7} maxLength={49152} spellcheck={false} autocomplete="off" wrap="off" aria-invalid={faults.length > 0} aria-describedby="faults"
      aria-label={x.proto === "sip" ? "A SIP request" : "A URL, a request or a curl command"}
      placeholder={x.proto === "sip" ? "Paste a SIP request, as a trace shows it" : "Paste a URL (header lines below it, if you like), a whole request, or a curl command"} onInput={(e) => onText(e.currentTarget.value)} />
    <ul id="faults" class="faults" aria-live="polite">{faults.map((f, i) => <li key={i}>{f.line > 0
      ? <><button type="button" class="link" onClick={() => jump(f)}>line {f.line}, column {f.column}</button>: {f.message}</> : f.message}</li>)}</ul></div>;
}

function Sender({ x, onChange }: { x: Input; onChange: (part: Partial<Input>) => void }) {
  return <fieldset class="panel assume"><legend>How it comes</legend><div class="row">
    {x.proto === "sip" && <>
      <label>Side<select value={x.side} onChange={(e) => onChange({ side: e.currentTarget.value })}><option value="">clients</option><option value="node">nodes</option></select></label>
      <label>Transport<select value={x.transport} onChange={(e) => onChange({ transport: e.currentTarget.value })}><option value="">as its Via says</option>{["udp", "tcp", "tls", "ws", "wss"].map((t) => <option key={t} value={t}>{t.toUpperCase()}</option>)}</select></label></>}
    <label>From<input type="text" value={x.from} maxLength={64} spellcheck={false} placeholder={x.proto === "sip" ? "as its Via says" : "this machine"} onInput={(e) => onChange({ from: e.currentTarget.value.trim() })} /></label>
  </div></fieldset>;
}

// WhatIf supposes states of nodes, and the draft of an affinity.
function WhatIf({ x, members, onChange }: { x: Input; members: Node[]; onChange: (part: Partial<Input>) => void }) {
  const set = (name: string, state: string) => {
    const nodes = { ...x.nodes, [name]: state };
    if (!state) delete nodes[name];
    onChange({ nodes });
  };
  const names = [...new Set([...members.map((n) => n.name), ...Object.keys(x.nodes)])];
  const d = draft.value;
  return <fieldset class="panel assume"><legend>What if</legend>
    <div class="row">{names.map((name) => <label key={name}><NodeChip name={name} plain />
      <select aria-label={"Suppose of " + name} value={x.nodes[name] ?? ""} onChange={(e) => set(name, e.currentTarget.value)}>
        <option value="">as it is</option><option value="down">is down</option><option value="disabled">is draining</option><option value="stopped">is stopped</option><option value="ok">is well</option></select></label>)}</div>
    {(d || x.affinity) && <label class="check"><input type="checkbox" checked={!!x.affinity} onChange={(e) => onChange({ affinity: e.currentTarget.checked && d ? JSON.stringify(d.affinity) : "" })} />
      <span>with the draft of the affinity{!d && " that the link brought"} <span class="muted small">(edited under <a href="#/affinity">Affinity</a>)</span></span></label>}
  </fieldset>;
}
