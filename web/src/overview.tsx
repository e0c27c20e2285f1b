import { History, Node, Occurrence, Operation, Overview } from "./api";
import { TrafficChart } from "./chart";
import { useDrains } from "./nodes";
import { Health } from "./nodetable";
import { live, link, useData, useLive } from "./state";
import { activationText, Age, Badge, Bar, Empty, Failure, Head, Icon, NodeChip, Rule, Same, Skeleton, Spark, Stale } from "./parts";
import { SIPSection } from "./limits";
import { duration, num, percent, plural, rate, ruleText } from "./words";

export function OverviewScreen() {
  const { data, error, at, reload, set } = useData<Overview>("/overview", live.value === "live" ? 5000 : 0);
  const drain = useDrains();
  useLive((event, d) => {
    if (event === "overview.tick" && data) set({ ...data, ...d, history: data.history });
    if (event === "resync") reload();
  });
  if (!data) return <><Head title="Overview" />{error ? <Failure problem={error} retry={reload} /> : <Skeleton rows={6} />}</>;
  const h = data.history;
  return <>
    <Head title="Overview" sub={<>{data.leader && <>{data.leader === "http" ? "SIP follows HTTP" : "HTTP follows SIP"} · </>}up {duration(data.uptimeMs)}</>}><Same path="/overview" cli="status" /></Head>
    <Stale at={at} error={error} />
    <div class={"class " + data.class} role="status"><Badge word={data.class} /><span>{data.cause || (data.class === "good" ? "No node is down, and none is held back." : "")}</span>
      {!data.ready && <Badge word="warn" text="not ready" />}</div>
    <Tiles o={data} h={h} />
    <TrafficChart />
    <h2>Nodes</h2>
    {data.nodes.length ? <div class="cards">{data.nodes.map((n) => <NodeCard key={n.name} n={n} drain={drain(n.name)} />)}</div>
      : <Empty title="No nodes registered">Add them under <code>nodes:</code> in the configuration and reload it, or let them announce themselves: <code>heartbeat:</code>.</Empty>}
    <div class="columns">
      <section><h2>How messages find their node</h2><Rules o={data} /></section>
      <section><div class="sectionhead"><h2>Latest events</h2><a class="small" href="#/events">all events</a></div><Recent list={data.recent} /></section>
    </div>
    <SIPSection />
  </>;
}

function Tiles({ o, h }: { o: Overview; h?: History }) {
  const minutes = h ? Math.round((h.http.length * h.stepMs) / 60000) : 0;
  const span = minutes ? "last " + plural(minutes, "minute") : "";
  const tile = (name: string, value: string, unit: string, values: number[] = [], href?: string) => {
    const inner = <><span class="label">{name}</span><span class="value">{value}<small>{unit}</small></span><Spark values={values} label={name + ", " + span} /></>;
    return href ? <a class="tile" href={href}>{inner}</a> : <div class="tile">{inner}</div>;
  };
  return <div class="tiles">
    {tile("HTTP", rate(o.rates.http), "/s", h?.http)}
    {tile("SIP", rate(o.rates.sip), "/s", h?.sip)}
    {tile("Live calls", num(o.calls), "", h?.calls)}
    {tile("App sessions", num(o.sessions.total), "", h?.sessions, link("sessions"))}
    {tile("Moves", rate(o.rates.moves), "/min", h?.moves, "#/sessions?moved=true")}
    {tile("Refused", rate(o.rates.errors), "/min", h?.errors)}
  </div>;
}

function NodeCard({ n, drain }: { n: Node; drain?: Operation }) {
  const share = n.rate ? `${percent(n.share)} of the traffic, weight asks for ${percent(n.target)}` : "no traffic in the last 10 s";
  const failed = n.pools.some((p) => p.state === "ERR");
  return <a class="card" href={link("nodes", n.name)}>
    <div class="top"><NodeChip name={n.name} plain /><Badge word={n.activation} text={activationText(n.activation)} /></div>
    <div class="row"><Health n={n} />
      {failed && <Badge word="bad" text="ERR" title="in error because of its traffic" />}
      {n.announced && <span class="muted small" title={"heartbeats by " + n.announced.by.toUpperCase()}>heard <Age at={n.announced.last} /> ago</span>}</div>
    <dl class="facts"><div><dt>sessions</dt><dd>{num(n.sessions)}</dd></div><div><dt>calls</dt><dd>{num(n.calls)}</dd></div>
      <div><dt>req/s</dt><dd>{rate(n.rate)}</dd></div><div><dt>share</dt><dd>{n.rate ? percent(n.share) : "–"}</dd></div></dl>
    <Bar part={n.share} mark={n.target} label={share} />
    {drain ? <Draining o={drain} /> : n.activation === "disabled" && <p class="muted">draining: {n.sessions + n.calls ? plural(n.sessions, "session") + " and " + plural(n.calls, "call") + " left" : "empty"}</p>}
  </a>;
}

function Draining({ o }: { o: Operation }) {
  const all = o.total.sessions + o.total.calls, left = o.remaining.sessions + o.remaining.calls;
  const text = `draining: ${plural(o.remaining.sessions, "session")} and ${plural(o.remaining.calls, "call")} left`;
  return <><p class="muted">{text}{o.stop && ", then stop"}</p><Bar part={all ? 1 - left / all : 1} label={text} /></>;
}

function Rules({ o }: { o: Overview }) {
  const all = new Map<string, { http: number; sip: number }>();
  for (const [r, n] of Object.entries(o.rules.http)) all.set(r, { http: n, sip: 0 });
  for (const [r, n] of Object.entries(o.rules.sip)) all.set(r, { http: all.get(r)?.http ?? 0, sip: n });
  const rows = [...all].map(([r, n]) => ({ r, ...n, sum: n.http + n.sip })).sort((a, b) => b.sum - a.sum);
  const total = rows.reduce((s, r) => s + r.sum, 0);
  if (!total) return <Empty title="No messages yet">Send a request to the gateway and watch it appear here.</Empty>;
  return <>
    <p class="lead"><b>{percent(o.sticky)}</b> followed an existing affinity.</p>
    <Causes moves={o.moves} />
    <table class="dense"><caption class="hidden">Decisions by rule since the start</caption>
      <thead><tr><th scope="col">Rule</th><th scope="col" class="n">HTTP</th><th scope="col" class="n">SIP</th><th scope="col">Share</th></tr></thead>
      <tbody>{rows.slice(0, 10).map((x) => <tr key={x.r}><th scope="row"><Rule code={x.r} /><span class="explain">{ruleText(x.r)}</span></th>
        <td class="n">{num(x.http)}</td><td class="n">{num(x.sip)}</td><td class="barcell"><Bar part={x.sum / total} label={percent(x.sum / total)} /></td></tr>)}</tbody></table>
  </>;
}

// Causes says why sessions were moved, since the start.
function Causes({ moves }: { moves: Record<string, number> }) {
  const list = Object.entries(moves).filter(([, n]) => n).sort((a, b) => b[1] - a[1]);
  if (!list.length) return null;
  return <p class="causes"><a href="#/sessions?moved=true">Moves</a> by cause {list.map(([r, n]) => <span class="key" key={r} title={ruleText(r)}><b>{num(n)}</b>{r}</span>)}</p>;
}

// done says in the words of people what an operator did.
const done: Record<string, string> = { "node.added": "added", "node.removed": "removed", "node.drain": "to be drained", "node.recover": "to be tried again", "node.probe": "probed", "node.reset": "counters reset",
  "session.set": "given a session", "session.forgotten": "lost a session", "config.reloaded": "Configuration read again", "config.rejected": "Configuration refused" };

export function occurrenceText(o: Occurrence) {
  const by = <>{o.actor && " by " + o.actor}{o.reason && <>: <q>{o.reason}</q></>}</>;
  if (done[o.type]) return <>{o.node && <NodeChip name={o.node} plain />} {o.type === "node.drain" && o.is === "cancelled" ? "drain cancelled" : done[o.type]}{by}</>;
  switch (o.type) {
    case "session.moved":
      return <>{(o.count ?? 1) > 1 ? <a href="#/sessions?moved=true">{plural(o.count!, "session")}</a> : <a href={link("sessions", o.session!)} class="mono">{o.session!.slice(0, 10)}</a>} moved <NodeChip name={o.from} plain /> → <NodeChip name={o.node} plain /> {o.rule && <Rule code={o.rule} />}</>;
    case "node.set":
      return <><NodeChip name={o.node} plain /> set to <b>{o.words || activationText(o.is!)}</b>{by}</>;
    case "heartbeat.refused":
      return <>Heartbeat refused from <b>{o.from}</b>{o.node && <> for <NodeChip name={o.node} plain /></>}: {o.words}{(o.count ?? 1) > 1 && `, ${num(o.count!)} times`}</>;
    case "heartbeat.expired":
      return <><NodeChip name={o.node} plain /> was silent and is removed: <b>{o.words}</b></>;
    case "heartbeat.renamed":
      return <><NodeChip name={o.node} plain /> was called <b>{o.from}</b>: its sessions follow</>;
    case "node.drained":
      return <><NodeChip name={o.node} plain /> drain is <b>{o.is}</b>{by}</>;
    case "switchover":
      return <>Everything of <b>{o.from}</b> moved to <b>{o.node}</b>{by}</>;
    default:
      if (!o.service) return <><NodeChip name={o.node} plain /> {o.is ? "joined" : "left"}</>;
      return <><NodeChip name={o.node} plain /> {o.service.toUpperCase()} <Badge word={o.is || "unknown"} /> <span class="muted">was {o.was || "absent"}</span></>;
  }
}

function Recent({ list }: { list: Occurrence[] }) {
  if (!list.length) return <Empty title="Quiet">Moves of sessions and changes of nodes appear here.</Empty>;
  return <ul class="events">{list.slice(0, 12).map((o, i) => <li key={i}><span class="when"><Age at={o.at} /> ago</span>
    <Icon name={o.type === "session.moved" ? "move" : "nodes"} /><span>{occurrenceText(o)}</span></li>)}</ul>;
}
