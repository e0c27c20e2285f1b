import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Announced, call, Impact, Node, Operation, Page, Problem } from "./api";
import { link, may, say, useData, useLive } from "./state";
import { activationText, Age, Badge, Bar, Copy, Curl, Dialog, Empty, Failure, Head, Icon, NodeChip, Skeleton, Stale } from "./parts";
import { absolute, num, percent, plural, rate } from "./words";

const actions: Record<string, { label: string; verb: string; icon: string; text: string }> = {
  active: { label: "Activate", verb: "activate", icon: "ok", text: "It gets new sessions and calls again." },
  disabled: { label: "Drain", verb: "drain", icon: "pause", text: "It keeps the sessions and calls it has and gets no new ones." },
  stopped: { label: "Stop", verb: "stop", icon: "stop", text: "It gets nothing at all: its sessions and calls move to other nodes with their next message." },
};

const path = (name: string, action = "") => "/nodes/" + encodeURIComponent(name) + action;
const failed = (p: Problem) => say({ text: p.message + ". " + p.detail, bad: true });
const broken = (n: Node) => n.pools.some((p) => p.state === "ERR");

async function activate(name: string, activation: string, reason: string, force = false) {
  return call<Node>("PATCH", path(name), { activation, reason, force });
}

function Actions({ n, onDone, wide }: { n: Node; onDone: () => void; wide?: boolean }) {
  const [ask, setAsk] = useState("");
  const [busy, setBusy] = useState(false);
  const allowed = may("operator");
  const act = (verb: string, done: string) => { // what needs no word of confirmation
    setBusy(true);
    call<Node>("POST", path(n.name, "/actions/" + verb), {}).then(() => { say({ text: done }); onDone(); }, failed).finally(() => setBusy(false));
  };
  const title = (text: string) => (allowed ? text : "needs the role operator");
  return <div class={"actions" + (wide ? " wide" : "")}>
    {broken(n) && <button type="button" disabled={!allowed || busy} title={title("The next request tries it, though it is in error.")}
      onClick={() => act("recover", `The next request tries ${n.name}.`)}><Icon name="ok" />Recover</button>}
    {wide && <><button type="button" disabled={!allowed || busy} title={title("Ask it now how it is.")} onClick={() => act("probe", `${n.name} was probed.`)}>Probe now</button>
      <button type="button" disabled={!allowed} title={title("Its share of new work beside that of others.")} onClick={() => setAsk("weight")}>Weight…</button></>}
    {Object.entries(actions).filter(([a]) => a !== n.activation).map(([a, x]) =>
      <button key={a} type="button" class={a === "stopped" ? "danger" : ""} disabled={!allowed} title={title(x.text)}
        onClick={() => setAsk(a)}><Icon name={x.icon} />{x.label}{a !== "active" && "…"}</button>)}
    {ask === "weight" ? <Weight n={n} onClose={() => setAsk("")} onDone={onDone} /> : ask && <Confirm n={n} to={ask} onClose={() => setAsk("")} onDone={onDone} />}
  </div>;
}

function Weight({ n, onClose, onDone }: { n: Node; onClose: () => void; onDone: () => void }) {
  const [weight, setWeight] = useState(String(n.weight));
  const [problem, setProblem] = useState<Problem | null>(null);
  const set = (to: number) => call<Node>("PATCH", path(n.name), { weight: to });
  const submit = (e: Event) => {
    e.preventDefault();
    set(Number(weight)).then(() => {
      say({ text: `The weight of ${n.name} is ${weight} now.`, undo: () => set(n.weight).then(() => { say({ text: `The weight of ${n.name} is ${n.weight} again.` }); onDone(); }, failed) });
      onClose();
      onDone();
    }, setProblem);
  };
  return <Dialog title={`Weight of ${n.name}`} onClose={onClose}>
    <form onSubmit={submit}>
      <p>A node of weight 2 gets twice the new work of a node of weight 1. It holds in all {plural(n.pools.length, "pool")} of the node.</p>
      {problem && <Failure problem={problem} />}
      <label>Weight<input type="number" min={1} max={1000000} required value={weight} onInput={(e) => setWeight(e.currentTarget.value)} /></label>
      <div class="buttons"><Curl method="PATCH" path={"/nodes/" + n.name} body={{ weight: Number(weight) }} /><span class="grow" />
        <button type="button" onClick={onClose}>Cancel</button><button type="submit" class="solid">Set</button></div>
    </form>
  </Dialog>;
}

function Confirm({ n, to, onClose, onDone }: { n: Node; to: string; onClose: () => void; onDone: () => void }) {
  const [impact, setImpact] = useState<Impact | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [stop, setStop] = useState(false);
  const [busy, setBusy] = useState(false);
  const cancel = useRef<HTMLButtonElement>(null);
  const x = actions[to];
  const drain = to === "disabled";
  useEffect(() => {
    cancel.current?.focus();
    (drain ? call<Impact>("POST", path(n.name, "/actions/drain?dryRun=true"), {}) : call<Impact>("PATCH", path(n.name, "?dryRun=true"), { activation: to })).then(setImpact, setProblem);
  }, []);
  const risky = to !== "active" && impact && (impact.last || (to === "stopped" && impact.calls > 0));
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    try {
      const before = n.activation, force = impact?.last;
      let back: (() => Promise<unknown>) | undefined;
      if (drain) {
        const o = await call<Operation>("POST", path(n.name, "/actions/drain"), { stop, reason, force });
        back = () => call("DELETE", "/operations/" + o.id, {});
      } else {
        await activate(n.name, to, reason, force);
        if (before in actions) back = () => activate(n.name, before, "undone", true);
      }
      say({ text: `${n.name} is ${activationText(to)} now.`, undo: back && (() => back!().then(
        () => { say({ text: `${n.name} is ${activationText(before)} again.` }); onDone(); }, failed)) });
      onClose();
      onDone();
    } catch (p) {
      setProblem(p as Problem);
      setBusy(false);
    }
  };
  return <Dialog title={`${x.label} ${n.name}?`} onClose={onClose}>
    <form onSubmit={submit}>
      <p>{x.text}</p>
      {problem ? <Failure problem={problem} /> : !impact ? <Skeleton rows={2} /> : <ul class="impact">
        <li><b>{plural(impact.sessions, "session")}</b> and <b>{plural(impact.calls, "call")}</b> {to === "active" ? "live there now." : drain ? "stay until they end." : "move away."}</li>
        <li>Left for new work: {Object.entries(impact.left).map(([s, k], i) => <span key={s}>{i > 0 && ", "}<b>{plural(k, "node")}</b> for {s.toUpperCase()}</span>)}.</li>
        {impact.last && <li class="bad"><Icon name="warn" /> Nobody else can be given new work then{impact.alone && " in pool " + impact.alone.join(", ")}: new clients would be refused.</li>}</ul>}
      {drain && <label class="check"><input type="checkbox" checked={stop} onChange={(e) => setStop(e.currentTarget.checked)} /> Stop it when it is empty</label>}
      <label>Reason<input class="reason" value={reason} maxLength={500} placeholder="kernel update, ticket 4711 …" onInput={(e) => setReason(e.currentTarget.value)} /></label>
      {risky && <label>Type <b>{n.name}</b> to confirm<input value={typed} autocomplete="off" onInput={(e) => setTyped(e.currentTarget.value)} /></label>}
      <div class="buttons">{drain ? <Curl method="POST" path={"/nodes/" + n.name + "/actions/drain"} body={{ stop, reason }} /> : <Curl method="PATCH" path={"/nodes/" + n.name} body={{ activation: to, reason }} />}<span class="grow" />
        <button type="button" ref={cancel} onClick={onClose}>Cancel</button>
        <button type="submit" class={to === "stopped" ? "danger solid" : "solid"} disabled={busy || !impact || (!!risky && typed !== n.name)}>{x.label}</button></div>
    </form>
  </Dialog>;
}

// useDrains tells of each node whether it is being drained, as it goes on.
function useDrains() {
  const { data, reload, set } = useData<Page<Operation>>("/operations");
  useLive((e, o: Operation) => {
    if (e === "resync") reload();
    if (e === "operation.progress" && data) set({ ...data, items: [o, ...data.items.filter((x) => x.id !== o.id)] });
  });
  return (name: string) => data?.items.find((o) => o.node === name && o.state === "running");
}

function Progress({ o, onDone }: { o?: Operation; onDone: () => void }) {
  if (!o) return null;
  const most = o.total.sessions + o.total.calls, left = o.remaining.sessions + o.remaining.calls;
  const text = `${plural(o.remaining.sessions, "session")}, ${plural(o.remaining.calls, "call")} left`;
  return <div class="progress" title={[o.by && "by " + o.by, o.reason, o.stop && "then stop"].filter(Boolean).join("; ")}>
    <Bar part={most ? Math.max(0, 1 - left / most) : 1} label={"drained: " + text} /><span>{text}{o.stop && ", then stop"}</span>
    {may("operator") && <button type="button" onClick={() => call("DELETE", "/operations/" + o.id, {}).then(() => { say({ text: `${o.node} is drained no more and as it was before.` }); onDone(); }, failed)}>Cancel</button>}</div>;
}

function Health({ n }: { n: Node }) {
  return <>{Object.entries(n.health).map(([s, w]) => {
    const c = n.checks[s];
    const took = c?.tookMs ? ` ${c.tookMs < 10 ? c.tookMs.toFixed(1) : Math.round(c.tookMs)} ms` : "";
    return <Badge key={s} word={w} text={s.toUpperCase() + " " + w} title={[c?.detail || c?.why, took && "answered in" + took].filter(Boolean).join("; ")} />;
  })}</>;
}

// Heartbeat marks a node that is not configured but told of itself.
function Heartbeat({ n }: { n: Node }) {
  const a = n.announced;
  if (!a) return null;
  return <span class="hint" title={`It announced itself by ${a.by.toUpperCase()}${a.hostName ? ", host " + a.hostName : ""}; last heartbeat ${absolute(a.last)}`}>
    {a.by} <Age at={a.last} /> ago{a.draining && ", asked for nothing new"}</span>;
}

export function NodesScreen() {
  const drain = useDrains();
  const { data, error, at, reload } = useData<Page<Node>>("/nodes", 3000);
  useLive((e) => { if (e === "node.changed" || e === "resync") reload(); });
  return <>
    <Head title="Nodes" sub={data ? plural(data.items.length, "node") : ""}><Curl path="/nodes" /></Head>
    <Stale at={at} error={data ? error : null} />
    {!data ? error ? <Failure problem={error} retry={reload} /> : <Skeleton /> : !data.items.length
      ? <Empty title="No nodes registered">Add them under <code>nodes:</code> in the configuration and reload it, or with <code>twinhop nodes add</code>; or let them announce themselves: <code>heartbeat:</code>.</Empty>
      : <div class="scroll"><table class="list cardable"><caption class="hidden">Nodes</caption>
        <thead><tr><th scope="col">Name</th><th scope="col">Activation</th><th scope="col">Health</th><th scope="col" class="n">Sessions</th><th scope="col" class="n">Calls</th>
          <th scope="col" class="n">Req/s</th><th scope="col">Share</th><th scope="col" class="n wide">Weight</th><th scope="col" class="n wide">Failed</th><th scope="col" class="wide">Route</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
        <tbody>{data.items.map((n) => <tr key={n.name} data-row={link("nodes", n.name)}>
          <th scope="row"><NodeChip name={n.name} /> <Heartbeat n={n} /></th>
          <td data-label="Activation"><Badge word={n.activation} text={activationText(n.activation)} /><Progress o={drain(n.name)} onDone={reload} /></td>
          <td data-label="Health" class="badges"><Health n={n} />{broken(n) && <Badge word="bad" text="ERR" title="in error because of its traffic" />}</td>
          <td data-label="Sessions" class="n">{num(n.sessions)}</td><td data-label="Calls" class="n">{num(n.calls)}</td>
          <td data-label="Req/s" class="n">{rate(n.rate)}</td>
          <td data-label="Share" class="barcell"><Bar part={n.share} mark={n.target} label={`${percent(n.share)}, weight asks for ${percent(n.target)}`} /></td>
          <td class="n wide">{n.weight}</td><td class="n wide">{num(n.failed)}</td><td class="wide mono">{n.route}</td>
          <td class="last"><Actions n={n} onDone={reload} /></td></tr>)}</tbody></table></div>}
  </>;
}

function AnnouncedFacts({ n, a }: { n: Node; a: Announced }) {
  const facts: [string, ComponentChildren][] = [["by", a.by.toUpperCase()], ["last heartbeat", <><Age at={a.last} /> ago</>], ["heartbeats", num(a.heartbeats)], ["since", <><Age at={a.since} /></>],
    ["incarnation", a.incarnation && <span class="mono">{a.incarnation}</span>], ["version", n.version ?? 0], ["host", a.hostName], ["instance", a.instance && <span class="mono">{a.instance}</span>],
    ["ports", <span class="mono">{Object.entries(a.ports).map(([t, p]) => t + " " + p).join(", ")}</span>], ["it asks", a.draining ? "for nothing new" : ""],
    ["it says", a.health], ["load", a.load && [a.load.load >= 0 && `${a.load.load} %`, a.load.free >= 0 && `room for ${num(a.load.free)}`].filter(Boolean).join(", ")]];
  return <><h2>Announced itself</h2><dl class="facts">{facts.filter(([, v]) => v !== undefined && v !== "").map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl></>;
}

export function NodeScreen({ name }: { name: string }) {
  const drain = useDrains();
  const { data: n, error, at, reload } = useData<Node>("/nodes/" + encodeURIComponent(name), 3000);
  useLive((e) => { if (e === "node.changed" || e === "resync") reload(); });
  if (!n) return <><Head title={name} />{error ? <Failure problem={error} retry={reload} /> : <Skeleton />}</>;
  const stated = n.pools.some((p) => p.state);
  return <>
    <Head title={<><a class="back" href="#/nodes">Nodes</a> / {n.name}</>}><Curl path={"/nodes/" + n.name} /></Head>
    <Stale at={at} error={error} />
    <div class="panel summary"><NodeChip name={n.name} plain /><Badge word={n.activation} text={activationText(n.activation)} /><Progress o={drain(n.name)} onDone={reload} /><Health n={n} /><span class="grow" /><Actions n={n} onDone={reload} wide /></div>
    <dl class="facts big"><div><dt>sessions</dt><dd><a href={"#/sessions?node=" + encodeURIComponent(n.name)}>{num(n.sessions)}</a></dd></div><div><dt>calls</dt><dd>{num(n.calls)}</dd></div>
      <div><dt>running</dt><dd>{num(n.running)}</dd></div><div><dt>req/s</dt><dd>{rate(n.rate)}</dd></div><div><dt>served</dt><dd>{num(n.served)}</dd></div><div><dt>failed</dt><dd>{num(n.failed)}</dd></div>
      <div><dt>share</dt><dd>{percent(n.share)}<small> of {percent(n.target)}</small></dd></div></dl>
    {n.announced && <AnnouncedFacts n={n} a={n.announced} />}
    <h2>Services</h2>
    <div class="scroll"><table class="list"><caption class="hidden">Services</caption><thead><tr><th scope="col">Service</th><th scope="col">Address</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Last check</th><th scope="col">Result</th><th scope="col" class="n">Changes</th></tr></thead>
      <tbody>{Object.entries(n.addresses).map(([s, a]) => { const c = n.checks[s]; return <tr key={s}><th scope="row">{s.toUpperCase()}</th>
        <td class="mono">{a} <Copy text={a} label="Copy the address" /></td><td><Badge word={n.health[s]} /></td><td>{c?.since ? <><Age at={c.since} /> ago</> : "start"}</td>
        <td>{c?.at ? <><Age at={c.at} /> ago</> : "never"}</td><td>{c?.at ? <>{c.code || (c.ok ? "ok" : "failed")} {c.tookMs ? <span class="muted">{c.tookMs.toFixed(1)} ms</span> : ""}</> : ""} {c?.why || c?.detail}</td><td class="n">{c?.changes ?? 0}</td></tr>; })}</tbody></table></div>
    <h2>In pools</h2>
    <div class="scroll"><table class="list"><caption class="hidden">Pools</caption><thead><tr><th scope="col">Pool</th><th scope="col">Activation</th>{stated && <th scope="col">State</th>}<th scope="col">Route</th><th scope="col">Domain</th><th scope="col">Redirect</th><th scope="col" class="n">Weight</th><th scope="col" class="n">Distance</th><th scope="col" class="n">Elected</th><th scope="col" class="n">Busy</th><th scope="col" class="n">Errors</th></tr></thead>
      <tbody>{n.pools.map((p) => <tr key={p.name}><th scope="row">{p.name}</th><td><Badge word={p.activation} text={activationText(p.activation)} /></td>{stated && <td class="mono">{p.state || "–"}</td>}<td class="mono">{p.route}</td><td>{p.domain || "–"}</td><td>{p.redirect || "–"}</td>
        <td class="n">{p.weight}</td><td class="n">{p.distance}</td><td class="n">{num(p.elected)}</td><td class="n">{num(p.busy)}</td><td class="n">{num(p.errors)}</td></tr>)}</tbody></table></div>
  </>;
}
