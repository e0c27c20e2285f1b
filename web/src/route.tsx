import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { call, Node, Page, Problem, Why } from "./api";
import { place, useData } from "./state";
import { Badge, Copy, Curl, Empty, Failure, Head, Icon, NodeChip, Skeleton } from "./parts";
import { Steps } from "./why";
import { KeyChip } from "./keychips";
import { Names, Pasted, readHTTP, readSIP, templates, usualNames } from "./pasted";
import { ruleText, sourceText } from "./words";

// What was typed is kept in the fragment, which no browser sends anywhere.
interface Input { proto: "http" | "sip"; text: string; pool: string; tried: string[]; named: string; flip: string[]; names: Partial<Names> }

const longest = 8000; // bytes of a message that a link still carries

function readInput(q: URLSearchParams): Input {
  const list = (k: string) => (q.get(k) ?? "").split(",").filter(Boolean);
  return { proto: q.get("proto") === "sip" ? "sip" : "http", text: q.get("text") ?? "", pool: q.get("pool") ?? "", tried: list("fails"), named: q.get("names") ?? "", flip: list("flip"),
    names: { cookie: q.get("cookie") ?? undefined, query: q.get("query") ?? undefined, header: q.get("header") ?? undefined } };
}

function fragment(x: Input): string {
  const q = new URLSearchParams();
  if (x.proto === "sip") q.set("proto", "sip");
  if (x.text && x.text.length <= longest) q.set("text", x.text);
  if (x.pool) q.set("pool", x.pool);
  if (x.named) q.set("names", x.named);
  for (const [k, v] of [["fails", x.tried], ["flip", x.flip]] as const) if (v.length) q.set(k, v.join(","));
  for (const k of ["cookie", "query", "header"] as const) if (x.names[k] !== undefined) q.set(k, x.names[k]!);
  const s = q.toString();
  return "#/route" + (s ? "?" + s : "");
}

// Identities of SIP count only where the affinity in force says so.
const optional = ["from.user", "to.user", "from.aor", "to.aor"];
interface Affinity { affinity: { http: { source: string; name: string }[]; sip: { source: string }[] } }

// rank is the place of a source in the configured order: what names an
// application session comes first, what is not configured last.
const rank = (order: string[], source: string) => {
  if (source === "application-session-key") return -1;
  const at = order.indexOf(source === "path" ? "cookie" : source);
  return at < 0 ? 99 : at;
};

export function RouteScreen() {
  const [x, setX] = useState<Input>(() => readInput(place.value.query));
  const written = useRef("");
  const change = (part: Partial<Input>) => setX((old) => ({ ...old, ...part }));
  useEffect(() => { // an address that came by a link or the back button
    const now = fragment(readInput(place.value.query));
    if (written.current && now !== written.current && location.hash !== written.current) setX(readInput(place.value.query));
  }, [place.value]);
  useEffect(() => {
    const hash = fragment(x);
    if (location.hash !== hash) history.replaceState(null, "", hash);
    written.current = hash;
  }, [x]);
  const nodes = useData<Page<Node>>("/nodes", 10000);
  const members = nodes.data?.items ?? [];
  const pools = [...new Set(members.flatMap((n) => n.pools.map((m) => m.name)))].sort();
  const routes = members.flatMap((n) => [n.route, ...n.pools.map((m) => m.route)]);
  const force = useData<Affinity>("/affinity").data?.affinity;
  const named = (source: keyof Names) => x.names[source] ?? (force ? force.http.find((s) => s.source === source)?.name ?? "" : usualNames[source]);
  const names: Names = { cookie: named("cookie"), query: named("query"), header: named("header") };
  const order = (x.proto === "sip" ? force?.sip : force?.http)?.map((s) => s.source) ?? [];
  const read = useMemo(() => (x.proto === "sip" ? readSIP(x.text) : readHTTP(x.text, names, routes)), [x.proto, x.text, JSON.stringify(names), routes.join()]);
  read.keys.sort((a, b) => rank(order, a.source) - rank(order, b.source));
  const counts = (source: string) => (!optional.includes(source) || order.includes(source)) !== x.flip.includes(source);
  const body = read.title ? { proto: x.proto, kind: read.kind, ...(x.pool && { pool: x.pool }), keys: read.keys.filter((k) => counts(k.source)),
    ...(x.named && { hint: { node: x.named } }), ...(x.tried.length && { tried: x.tried }) } : null;
  const toggle = (list: string[], v: string) => (list.includes(v) ? list.filter((s) => s !== v) : [...list, v]);
  return <>
    <Head title="Route tester" sub="Where would this message go, and why? Asking creates, moves and counts nothing.">
      {body && <Curl path="/route/explain" method="POST" body={body} />}</Head>
    <div class="tester">
      <div>
        <Tabs proto={x.proto} onPick={(proto) => change({ proto, text: "", flip: [], named: "", tried: [] })} />
        <Paste x={x} faults={read.faults} onText={(text) => change({ text })} />
        <Keys read={read} counts={counts} onToggle={(source) => change({ flip: toggle(x.flip, source) })} />
        <fieldset class="panel assume"><legend>What if</legend>
          {members.length > 0 && <div class="row"><span class="muted">fails for this message</span>{members.map((n) => <label key={n.name} class="check"><input type="checkbox" checked={x.tried.includes(n.name)} onChange={() => change({ tried: toggle(x.tried, n.name) })} /><NodeChip name={n.name} plain /></label>)}</div>}
          <div class="row">
            {pools.length > 1 && <label>Pool<select value={x.pool} onChange={(e) => change({ pool: e.currentTarget.value })}><option value="">default</option>{pools.filter((p) => p !== "default").map((p) => <option key={p} value={p}>{p}</option>)}</select></label>}
            {x.proto === "sip" && <label>Its Route header names<select value={x.named} onChange={(e) => change({ named: e.currentTarget.value })}><option value="">no node</option>{members.map((n) => <option key={n.name} value={n.name}>{n.name}</option>)}</select></label>}
            {x.proto === "http" && (["cookie", "query", "header"] as const).map((k) => <label key={k}>{k === "query" ? "Parameter" : k === "cookie" ? "Cookie" : "Header"}<input type="text" value={names[k]} maxLength={64} spellcheck={false} placeholder={k === "header" ? "none" : usualNames[k]} onInput={(e) => change({ names: { ...x.names, [k]: e.currentTarget.value.trim() } })} /></label>)}
          </div></fieldset>
      </div>
      <Result body={body} read={read} />
    </div>
    {x.text && <p class="muted small share">The address of this page holds what you pasted, so that it can be shared; session ids in it are secrets. {x.text.length > longest ? "This message is too long for that." : <Copy text={location.origin + location.pathname + fragment(x)} label="Copy a link to this test" />}</p>}
  </>;
}

function Tabs({ proto, onPick }: { proto: string; onPick: (p: "http" | "sip") => void }) {
  const all = ["http", "sip"] as const;
  return <div class="tabs" role="tablist" aria-label="Protocol">{all.map((p) => <button key={p} type="button" role="tab" id={"tab-" + p} aria-selected={proto === p} aria-controls="paste" tabIndex={proto === p ? 0 : -1}
    onClick={() => proto !== p && onPick(p)} onKeyDown={(e) => { if (e.key === "ArrowLeft" || e.key === "ArrowRight") { const other = proto === "http" ? "sip" : "http"; onPick(other); document.getElementById("tab-" + other)?.focus(); } }}>{p.toUpperCase()}</button>)}</div>;
}

function Paste({ x, faults, onText }: { x: Input; faults: Pasted["faults"]; onText: (s: string) => void }) {
  const shown = faults.filter((f) => f.line > 0);
  return <div id="paste" role="tabpanel" aria-labelledby={"tab-" + x.proto}>
    <div class="filters begin"><span class="muted">begin with</span>{templates[x.proto].map(([name, text]) => <button key={name} type="button" class="toggle" onClick={() => onText(text)}>{name}</button>)}
      {x.text && <button type="button" class="plain" onClick={() => onText("")}>clear</button>}</div>
    <textarea id="message" value={x.text} rows={x.proto === "sip" ? 12 : 7} maxLength={65536} spellcheck={false} autocomplete="off" wrap="off" aria-invalid={shown.length > 0} aria-describedby="faults"
      aria-label={x.proto === "sip" ? "A SIP request" : "A URL, a request or a curl command"}
      placeholder={x.proto === "sip" ? "Paste a SIP request, as a trace shows it" : "Paste a URL (header lines below it, if you like), a whole request, or a curl command"} onInput={(e) => onText(e.currentTarget.value)} />
    <ul id="faults" class="faults" aria-live="polite">{shown.map((f, i) => <li key={i}><Icon name="warn" />line {f.line}: {f.text}</li>)}</ul></div>;
}

function Keys({ read, counts, onToggle }: { read: Pasted; counts: (source: string) => boolean; onToggle: (source: string) => void }) {
  if (!read.title) return null;
  return <fieldset class="panel assume"><legend>Keys found in it</legend>
    {!read.keys.length && <p class="muted">None: it would be placed as a new one.</p>}
    {read.keys.map((k) => <label key={k.source + k.value} class="check"><input type="checkbox" checked={counts(k.source)} onChange={() => onToggle(k.source)} /><span><span class="muted">{sourceText(k.source)} </span><code class="break">{k.value}</code></span></label>)}
    {read.keys.some((k) => optional.includes(k.source)) && <p class="muted small">Users and addresses are keys where <code>affinity.sip</code> says so.</p>}</fieldset>;
}

interface Answer { asked: string; why?: Why; problem?: Problem }

function Result({ body, read }: { body: object | null; read: Pasted }) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [again, setAgain] = useState(0);
  const asked = body ? JSON.stringify(body) : "";
  useEffect(() => {
    if (!asked) return setAnswer(null);
    let over = false;
    const t = setTimeout(() => call<Why>("POST", "/route/explain", JSON.parse(asked)).then((why) => !over && setAnswer({ asked, why }), (problem) => !over && setAnswer({ asked, problem })), 250);
    return () => { over = true; clearTimeout(t); };
  }, [asked, again]);
  const w = answer?.why;
  return <section class={"result" + (answer && answer.asked !== asked ? " dimmed" : "")} aria-live="polite" aria-busy={answer?.asked !== asked}>
    {!asked ? <Empty title="Nothing asked yet"><p>Paste a message, or begin with an example. The answer appears here.</p></Empty>
      : !answer ? <Skeleton rows={4} />
      : answer.problem ? <Failure problem={answer.problem} retry={() => setAgain(again + 1)} />
      : w && <>
        <div class={"panel verdict" + (w.node ? "" : " refused")}><span class={"leg " + w.proto}>{w.proto.toUpperCase()}</span><b>{read.title}</b><Kind kind={w.kind} proto={w.proto} /><span class="goes">→ {w.node ? <NodeChip name={w.node} /> : <Badge word="bad" text="refused" />}</span>
          <p><Icon name={w.node ? "ok" : "bad"} /> {ruleText(w.rule)}</p></div>
        <h2>Steps</h2><Steps w={w} />
        {w.keys.length > 0 && <><h2>Keys asked with</h2><div class="scroll"><table class="list"><caption class="hidden">Keys asked with</caption><thead><tr><th scope="col">From</th><th scope="col">Key</th><th scope="col">Leads to</th></tr></thead>
          <tbody>{w.keys.map((k, i) => <tr key={i}><th scope="row">{sourceText(k.source)}</th><td><KeyChip k={k} /></td><td>{k.known ? <><NodeChip name={k.node} /> {k.session && <a class="mono" href={"#/sessions/" + k.session}>{k.session.slice(0, 10)}</a>}</> : <span class="muted">not known</span>}</td></tr>)}</tbody></table></div></>}
      </>}
  </section>;
}

function Kind({ kind, proto }: { kind: string; proto: string }) {
  if (proto !== "sip") return null;
  return <span class="muted">{kind === "within" ? "in a dialog" : kind === "same" ? "goes with its INVITE" : "outside dialogs"}</span>;
}
