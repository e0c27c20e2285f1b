import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Announced, Member, Node, Page } from "./api";
import { useData, useLive } from "./state";
import { activationText, Age, Badge, Copy, Failure, Head, NodeChip, Same, Scroll, Skeleton, Stale, word } from "./parts";
import { Actions, Ask, Verb } from "./nodeactions";
import { Health, Progress } from "./nodetable";
import { useDrains } from "./nodes";
import { absolute, bytes, clock, num, percent, rate } from "./words";

export function NodeScreen({ name }: { name: string }) {
  const drain = useDrains();
  const { data: n, error, at, reload } = useData<Node>("/nodes/" + encodeURIComponent(name), 3000);
  const [asked, setAsked] = useState<Verb | null>(null);
  useLive((e) => { if (e === "node.changed" || e === "resync") reload(); });
  if (!n) return <><Head title={name} />{error ? <Failure problem={error} retry={reload} /> : <Skeleton />}</>;
  return <>
    <Head title={<><a class="back" href="#/nodes">Nodes</a> / {n.name}</>}><Same path={"/nodes/" + encodeURIComponent(n.name)} cli={"nodes show " + word(n.name)} /></Head>
    <Stale at={at} error={error} />
    <div class="panel summary"><NodeChip name={n.name} plain /><Badge word={n.activation} text={activationText(n.activation)} /><Progress o={drain(n.name)} onDone={reload} /><Health n={n} /><span class="grow" /><Actions n={n} onDone={reload} onAsk={setAsked} wide /></div>
    <dl class="facts big"><div><dt>sessions</dt><dd><a href={"#/sessions?node=" + encodeURIComponent(n.name)}>{num(n.sessions)}</a></dd></div><div><dt>calls</dt><dd>{num(n.calls)}</dd></div>
      <div><dt>running</dt><dd>{num(n.running)}</dd></div><div><dt>req/s</dt><dd>{rate(n.rate)}</dd></div><div><dt>served</dt><dd>{num(n.served)}</dd></div><div><dt>failed</dt><dd>{num(n.failed)}</dd></div>
      <div><dt>share</dt><dd>{percent(n.share)}<small> of {percent(n.target)}</small></dd></div></dl>
    <Origin n={n} />
    {n.announced && <AnnouncedFacts n={n} a={n.announced} />}
    <h2>Services</h2><Services n={n} />
    <Past n={n} />
    <h2>In pools</h2><Pools list={n.pools} />
    {asked && <Ask n={n} verb={asked} onClose={() => setAsked(null)} onDone={reload} />}
  </>;
}

interface Lines { lines: { key: string; origin: string; place?: string; text: string }[] }

// Origin says where the node comes from.
function Origin({ n }: { n: Node }) {
  const { data } = useData<Lines>("/config");
  if (n.announced) return <p class="muted">Not configured: it announced itself.</p>;
  const line = data?.lines.find((l) => /^nodes\[\d+\]\.name$/.test(l.key) && l.text.replace(/^[\s-]*name:\s*/, "").replace(/^"|"$/g, "") === n.name);
  if (!line) return null;
  return <p class="muted">{line.origin === "api" ? "Added or changed by an operator; see " : <>Configured in <code>{line.place ?? "a file"}</code>; see </>}<a href="#/config">the configuration</a>.</p>;
}

function AnnouncedFacts({ n, a }: { n: Node; a: Announced }) {
  const facts: [string, ComponentChildren][] = [
    ["by", a.by.toUpperCase()], ["last heartbeat", <><Age at={a.last} /> ago</>], ["heartbeats", num(a.heartbeats)], ["since", <Age at={a.since} />],
    ["incarnation", a.incarnation && <span class="mono">{a.incarnation}</span>], ["version", n.version ?? 0], ["host", a.hostName], ["instance", a.instance && <span class="mono">{a.instance}</span>],
    ["ports", <span class="mono">{Object.entries(a.ports).map(([t, p]) => t + " " + p).join(", ")}</span>], ["it asks", a.draining ? "for nothing new" : ""],
    ["it says", a.health], ["load", a.load && [a.load.load >= 0 && `${a.load.load} %`, a.load.free >= 0 && `room for ${num(a.load.free)}`].filter(Boolean).join(", ")],
  ];
  return <><h2>Announced itself</h2><dl class="facts">{facts.filter(([, v]) => v !== undefined && v !== "").map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl></>;
}

function Services({ n }: { n: Node }) {
  return <Scroll label="Services"><table class="list services"><caption class="hidden">Services</caption>
    <thead><tr><th scope="col">Service</th><th scope="col">Address</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Last check</th><th scope="col">Result</th><th scope="col">Next</th><th scope="col" class="n">Changes</th></tr></thead>
    <tbody>{Object.entries(n.addresses).map(([s, a]) => {
      const c = n.checks[s];
      return <tr key={s}><th scope="row">{s.toUpperCase()}</th><td class="mono">{a} <Copy text={a} label="Copy the address" /></td>
        <td><Badge word={n.health[s]} /></td><td>{c?.since ? <><Age at={c.since} /> ago</> : "start"}</td>
        <td>{c?.at ? <><Age at={c.at} /> ago</> : "never"}</td>
        <td>{c?.at ? <>{c.code || (c.ok ? "ok" : "failed")} {c.tookMs ? <span class="muted">{c.tookMs.toFixed(1)} ms</span> : ""}</> : ""} {c?.why || c?.detail}</td>
        <td>{c?.next ? <span title={absolute(c.next)}>{clock(c.next).slice(0, 8)}</span> : "–"}</td><td class="n">{c?.changes ?? 0}</td></tr>;
    })}</tbody></table></Scroll>;
}

function Pools({ list }: { list: Member[] }) {
  const stated = list.some((p) => p.state);
  const th = (name: string, n?: boolean) => <th scope="col" class={n ? "n" : ""}>{name}</th>;
  return <Scroll label="Pools"><table class="list"><caption class="hidden">Pools</caption>
    <thead><tr>{th("Pool")}{th("Activation")}{stated && th("State")}{th("Route")}{th("Domain")}{th("Redirect")}{th("Weight", true)}{th("Distance", true)}{th("Elected", true)}{th("Busy", true)}{th("Most", true)}{th("Errors", true)}{th("Sent", true)}{th("Read", true)}</tr></thead>
    <tbody>{list.map((p) => <tr key={p.name}><th scope="row">{p.name}</th><td><Badge word={p.activation} text={activationText(p.activation)} /></td>{stated && <td class="mono">{p.state || "–"}</td>}
      <td class="mono">{p.route}</td><td>{p.domain || "–"}</td><td>{p.redirect || "–"}</td><td class="n">{num(p.weight)}</td><td class="n">{p.distance}</td>
      <td class="n">{num(p.elected)}</td><td class="n">{num(p.busy)}</td><td class="n">{num(p.maxBusy ?? 0)}</td><td class="n">{num(p.errors)}</td><td class="n">{bytes(p.sent ?? 0)}</td><td class="n">{bytes(p.read ?? 0)}</td></tr>)}</tbody></table></Scroll>;
}

interface Turn { id: string; at: string; type: string; severity: string; text: string; service?: string; was?: string; is?: string; count?: number }
const day = 24 * 3600 * 1000;

// Past is a strip of the last day for each service, and what happened.
function Past({ n }: { n: Node }) {
  const { data, reload } = useData<Page<Turn>>(`/events?node=${encodeURIComponent(n.name)}&limit=200`);
  useLive((e, d) => { if (e === "node.changed" && d.node === n.name) reload(); });
  const [from] = useState(() => Date.now() - day);
  if (!data?.items.length) return null; // an older gateway, or nothing happened
  return <><h2>The last day</h2>
    <div class="strips">{Object.keys(n.health).map((s) => <Strip key={s} service={s} now={n.health[s]} from={from} turns={data.items.filter((t) => t.type === "node.health" && t.service === s && Date.parse(t.at) > from)} />)}</div>
    <ul class="lately">{data.items.slice(0, 8).map((t) => <li key={t.id}><time dateTime={t.at} title={absolute(t.at)}>{clock(t.at).slice(0, 8)}</time> {t.text}</li>)}</ul>
    <p class="small"><a href={"#/events?node=" + encodeURIComponent(n.name)}>All events of {n.name}</a></p></>;
}

// Strip goes from the newest turn back: each says what was before it.
function Strip({ service, now, from, turns }: { service: string; now: string; from: number; turns: Turn[] }) {
  const parts: { x: number; w: number; is: string }[] = [];
  let until = Date.now(), is = now;
  for (const t of turns) {
    const at = Date.parse(t.at);
    parts.unshift({ x: ((at - from) / day) * 1000, w: ((until - at) / day) * 1000, is });
    until = at;
    is = t.was || "unknown";
  }
  parts.unshift({ x: 0, w: ((until - from) / day) * 1000, is });
  const down = parts.filter((p) => p.is === "down").reduce((sum, p) => sum + p.w, 0) / 1000;
  const label = `${service.toUpperCase()}: ${turns.length} changes, down ${percent(down)} of the last 24 hours`;
  return <div class="strip"><b>{service.toUpperCase()}</b><svg viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label={label}><title>{label}</title>
    {parts.map((p, i) => <rect key={i} class={p.is} x={p.x} width={Math.max(p.w, 1.5)} height={14} />)}</svg><span class="muted small">{down ? "down " + percent(down) : "never down"}</span></div>;
}
