import { useEffect } from "preact/hooks";
import { Detail, Key, Occurred, Page, Why } from "./api";
import { follow, useData, useLive } from "./state";
import { Age, Badge, Copy, Empty, Failure, Head, NodeChip, now, Rule, Same, Scroll, Skeleton, Stale } from "./parts";
import { SessionActions } from "./sessionacts";
import { KeyChip } from "./keychips";
import { States } from "./sessions";
import { Timeline } from "./timeline";
import { Steps } from "./why";
import { absolute, clock, duration, ruleText, sourceText, spaceText } from "./words";

export function SessionScreen({ id }: { id: string }) {
  const { data: s, error, at, reload } = useData<Detail>("/sessions/" + encodeURIComponent(id), 5000);
  useEffect(() => {
    follow("session:" + id);
    return () => follow();
  }, [id]);
  useLive((e, d) => {
    if (e === "resync" || e === "session.event" || ((e === "session.moved" || e === "session.ended") && d.session === id)) reload();
  });
  const title = <><a class="back" href="#/sessions">Sessions</a> / <span class="mono">{id.slice(0, 14)}…</span> <Copy text={id} label="Copy the session's id" /></>;
  if (!s) return <><Head title={title} />{!error ? <Skeleton rows={8} /> : error.status === 404
    ? <Empty title="This session is over">It expired, was dropped, or never was. <a href="#/sessions">Look for another one</a>.</Empty>
    : <Failure problem={error} retry={reload} />}</>;
  return <>
    <Head title={title}><Same path={"/sessions/" + id} cli={"sessions show " + id} /></Head>
    <Stale at={at} error={error?.status === 404 ? null : error} />
    {error?.status === 404 && <div class="note" role="status"><b>This session is over.</b> What is shown is the last that was known of it.</div>}
    <div class="panel summary"><span class="muted">lives on</span><NodeChip name={s.node} /><States s={s} />
      <dl class="inline"><div><dt>age</dt><dd><Age at={s.born} /></dd></div><div><dt>idle</dt><dd><Age at={s.seen} /></dd></div>
        {s.expires && <div><dt>ends in</dt><dd title={absolute(s.expires)}>{duration(Date.parse(s.expires) - now.value)}</dd></div>}
        <div><dt>moves</dt><dd>{Math.max(s.rev - 1, s.moves.length)}</dd></div></dl>
      <span class="grow" /><SessionActions s={s} onDone={reload} /></div>
    <section aria-labelledby="why"><h2 id="why">Why here</h2><p class="muted">What the gateway would decide now, step by step. Looking changes nothing.</p>
      {s.why.length ? <div class="whys">{s.why.map((w, i) => <WhyCard key={i} w={w} home={s.node} open={i === 0} />)}</div>
        : <Empty title="Nothing to explain">No pool serves the keys of this session.</Empty>}</section>
    <Timeline id={id} decided={s.timeline} seen={s.seen} />
    {s.moves.length > 0 && <Moves s={s} />}
    <section><h2>Keys</h2><KeyTable s={s} /></section>
  </>;
}

function WhyCard({ w, home, open }: { w: Why; home: string; open: boolean }) {
  return <details class="why" open={open}>
    <summary><span class={"leg " + w.proto}>{w.proto.toUpperCase()}</span><span class="grow">{w.title}{w.keys.length > 0 && w.kind === "within" && <> <KeyChip k={w.keys[0]} /></>}</span>
      <span class="goes">→ <NodeChip name={w.node} plain /></span>
      {w.node !== home && <Badge word="degraded" text="elsewhere" title="not the node that the session lives on" />}<span class="because">{ruleText(w.rule)}</span></summary>
    <div class="keysline">asked with {w.keys.map((k, i) => <span key={i}><KeyChip k={k} /><span class="muted"> from {sourceText(k.source)}</span></span>)}</div>
    <Steps w={w} />
  </details>;
}

// Moves names who moved it, where an event of about that time tells.
function Moves({ s }: { s: Detail }) {
  const events = useData<Page<Occurred>>("/events?session=" + encodeURIComponent(s.id) + "&limit=100").data?.items ?? [];
  const by = (at: string, node?: string) => events.find((e) => e.actor && e.type.startsWith("session.") && (!e.node || e.node === node) && Math.abs(Date.parse(e.at) - Date.parse(at)) < 3000);
  return <section><h2>Moves</h2><Scroll label="Moves"><table class="list cardable"><caption class="hidden">Moves</caption>
    <thead><tr><th scope="col">When</th><th scope="col">From</th><th scope="col">To</th><th scope="col">Cause</th><th scope="col">Who</th></tr></thead>
    <tbody>{s.moves.map((m, i) => {
      const who = by(m.at, m.node);
      return <tr key={i}><td data-label="When"><time title={absolute(m.at)}>{clock(m.at)}</time></td><td data-label="From"><NodeChip name={m.from} /></td><td data-label="To"><NodeChip name={m.node} /></td>
        <td data-label="Cause"><Rule code={m.rule} /> <span class="explain">{ruleText(m.rule)}</span></td><td data-label="Who">{who ? <span title={who.text}>{who.actor}</span> : <span class="muted">the gateway</span>}</td></tr>;
    })}</tbody></table></Scroll></section>;
}

function KeyTable({ s }: { s: Detail }) {
  const order = ["app", "http", "flow", "call"];
  const rows = [...s.keys].sort((a, b) => order.indexOf(a.space) - order.indexOf(b.space));
  const where = (k: Key) => k.space === "http" && k.setBy ? <>set by {k.setBy}, route <code>{k.route || "none"}</code></> : k.space === "app" ? "names the application session" : "";
  return <Scroll label="Keys of the session"><table class="list cardable"><caption class="hidden">Keys of the session</caption>
    <thead><tr><th scope="col">Kind</th><th scope="col">Value</th><th scope="col">Leads to</th><th scope="col">Notes</th></tr></thead>
    <tbody>{rows.map((k, i) => <tr key={i}><th scope="row">{spaceText(k.space)}</th>
      <td data-label="Value" class="mono break">{k.value}{!k.value.includes("…") && <Copy text={k.value} label="Copy the value" />}</td>
      <td data-label="Leads to"><NodeChip name={k.node} /></td>
      <td class="muted">{where(k)}{k.moved && <Badge word="moved" text="moved, stays" />}{k.node !== s.node && <Badge word="degraded" text="elsewhere" />}</td></tr>)}</tbody></table></Scroll>;
}
