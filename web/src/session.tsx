import { useEffect, useState } from "preact/hooks";
import { Detail, Event, Key, Passed, Why } from "./api";
import { ends, isPassed, label, Ladder, Line, outcome, wrong } from "./ladder";
import { follow, useData, useLive } from "./state";
import { Age, Badge, Copy, Curl, Empty, Failure, Head, Icon, NodeChip, now, Rule, Skeleton, Stale } from "./parts";
import { KeyChip, States } from "./sessions";
import { Steps } from "./why";
import { absolute, clock, duration, num, ruleText, sourceText, spaceText } from "./words";

export function SessionScreen({ id }: { id: string }) {
  const { data: s, error, at, reload } = useData<Detail>("/sessions/" + encodeURIComponent(id), 5000);
  useEffect(() => { follow("session:" + id); return () => follow(); }, [id]);
  useLive((e, d) => { if (e === "resync" || e === "session.event" || (e === "session.moved" && d.session === id)) reload(); });
  const title = <><a class="back" href="#/sessions">Sessions</a> / <span class="mono">{id.slice(0, 14)}…</span> <Copy text={id} label="Copy the session's id" /></>;
  if (!s) return <><Head title={title} />{error ? error.status === 404
    ? <Empty title="This session is over">It expired, was dropped, or never was. <a href="#/sessions">Look for another one</a>.</Empty>
    : <Failure problem={error} retry={reload} /> : <Skeleton rows={8} />}</>;
  return <>
    <Head title={title}><Curl path={"/sessions/" + id} /></Head>
    <Stale at={at} error={error} />
    <div class="panel summary"><span class="muted">lives on</span><NodeChip name={s.node} /><States s={s} /><span class="grow" />
      <dl class="inline"><div><dt>age</dt><dd><Age at={s.born} /></dd></div><div><dt>idle</dt><dd><Age at={s.seen} /></dd></div>
        {s.expires && <div><dt>ends in</dt><dd title={absolute(s.expires)}>{duration(Date.parse(s.expires) - now.value)}</dd></div>}
        <div><dt>moves</dt><dd>{Math.max(s.rev - 1, s.moves.length)}</dd></div></dl></div>
    <section aria-labelledby="why"><h2 id="why">Why here</h2><p class="muted">What the gateway would decide now, step by step. Looking changes nothing.</p>
      {s.why.length ? <div class="whys">{s.why.map((w, i) => <WhyCard key={i} w={w} home={s.node} open={i === 0} />)}</div>
        : <Empty title="Nothing to explain">No pool serves the keys of this session.</Empty>}</section>
    <section><h2>Keys</h2><KeyTable s={s} /></section>
    {s.moves.length > 0 && <section><h2>Moves</h2><div class="scroll"><table class="list cardable"><caption class="hidden">Moves</caption><thead><tr><th scope="col">When</th><th scope="col">From</th><th scope="col">To</th><th scope="col">Cause</th></tr></thead>
      <tbody>{s.moves.map((m, i) => <tr key={i}><td data-label="When"><time title={absolute(m.at)}>{clock(m.at)}</time></td><td data-label="From"><NodeChip name={m.from} /></td><td data-label="To"><NodeChip name={m.node} /></td><td data-label="Cause"><Rule code={m.rule} /> <span class="explain">{ruleText(m.rule)}</span></td></tr>)}</tbody></table></div></section>}
    <Timeline id={id} decided={s.timeline} seen={s.seen} />
  </>;
}

function WhyCard({ w, home, open }: { w: Why; home: string; open: boolean }) {
  return <details class="why" open={open}>
    <summary><span class={"leg " + w.proto}>{w.proto.toUpperCase()}</span><span class="grow">{w.title}{w.keys.length > 0 && w.kind === "within" && <> <KeyChip k={w.keys[0]} /></>}</span><span class="goes">→ <NodeChip name={w.node} plain /></span>
      {w.node !== home && <Badge word="degraded" text="elsewhere" title="not the node that the session lives on" />}<span class="because">{ruleText(w.rule)}</span></summary>
    <div class="keysline">asked with {w.keys.map((k, i) => <span key={i}><KeyChip k={k} /><span class="muted"> from {sourceText(k.source)}</span></span>)}</div>
    <Steps w={w} />
  </details>;
}

function KeyTable({ s }: { s: Detail }) {
  const order = ["app", "http", "flow", "call"];
  const rows = [...s.keys].sort((a, b) => order.indexOf(a.space) - order.indexOf(b.space));
  const where = (k: Key) => k.space === "http" && k.setBy ? <>set by {k.setBy}, route <code>{k.route || "none"}</code></> : k.space === "app" ? "names the application session" : "";
  return <div class="scroll"><table class="list cardable"><caption class="hidden">Keys of the session</caption><thead><tr><th scope="col">Kind</th><th scope="col">Value</th><th scope="col">Leads to</th><th scope="col">Notes</th></tr></thead>
    <tbody>{rows.map((k, i) => <tr key={i}><th scope="row">{spaceText(k.space)}</th><td data-label="Value" class="mono break">{k.value}{!k.value.includes("…") && <Copy text={k.value} label="Copy the value" />}</td>
      <td data-label="Leads to"><NodeChip name={k.node} /></td><td class="muted">{where(k)}{k.moved && <Badge word="moved" text="moved, stays" />}{k.node !== s.node && <Badge word="degraded" text="elsewhere" />}</td></tr>)}</tbody></table></div>;
}

const drawn = 200; // rows of a ladder or table; older ones are left out

function Timeline({ id, decided, seen }: { id: string; decided: Event[]; seen: string }) {
  const trail = useData<{ items: Line[] }>("/sessions/" + encodeURIComponent(id) + "/timeline");
  useEffect(trail.reload, [seen, decided.length]);
  const list: Line[] = trail.data?.items ?? decided;
  const [only, setOnly] = useState("");
  const [table, setTable] = useState(false);
  const [paused, setPaused] = useState<Line[] | null>(null);
  const [picked, setPicked] = useState<Line | null>(null);
  const rows = (paused ?? list).filter((e) => !only || e.proto === only || e.type === "moved").slice(-drawn);
  const at = picked ? rows.findIndex((x) => same(x, picked)) : -1;
  return <section class="trail"><div class="sectionhead"><h2>Timeline</h2><div class="filters" role="group" aria-label="Filter">
    {["", "http", "sip"].map((p) => <button key={p} type="button" class="toggle" aria-pressed={only === p} onClick={() => setOnly(p)}>{p ? p.toUpperCase() : "all"}</button>)}
    <button type="button" class="toggle" aria-pressed={table} onClick={() => setTable(!table)}>table</button>
    <button type="button" class="toggle" aria-pressed={!!paused} onClick={() => setPaused(paused ? null : list)}>{paused ? "paused" : "pause"}</button><Curl path={"/sessions/" + id + "/timeline"} /></div></div>
    {!rows.length ? <Empty title="Nothing remembered">{only ? "No events of this protocol." : "What happened before is not in memory any more. New messages appear here."}</Empty>
      : table ? <div class="scroll"><table class="list timeline"><caption class="hidden">Messages, decisions and moves, newest first</caption><thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Node</th><th scope="col">Rule</th><th scope="col">Evidence</th></tr></thead>
        <tbody>{rows.map((e, i) => (isPassed(e) ? <PassedRow key={i} m={e} /> : <EventRow key={i} e={e} />)).reverse()}</tbody></table></div>
      : <><Ladder list={rows} picked={at} onPick={(i) => setPicked(rows[i])} />{at >= 0 && <Picked x={rows[at]} />}</>}
  </section>;
}

const same = (a: Line, b: Line) => a === b || (isPassed(a) ? isPassed(b) && a.n === b.n && a.type === b.type : !isPassed(b) && a.at === b.at && a.type === b.type && a.rule === b.rule && a.node === b.node);

// Picked tells all that is known of the row that is picked in the ladder.
function Picked({ x }: { x: Line }) {
  if (!isPassed(x)) return <div class="picked scroll"><table class="list timeline"><caption class="hidden">The picked row</caption><tbody><EventRow e={x} /></tbody></table></div>;
  const facts: [string, string | number | undefined][] = [["at", absolute(x.at) + clock(x.at).slice(8)], ["node", x.node], ["peer", x.peer], ["here", x.local], ["transport", x.transport?.toUpperCase()], ["CSeq", x.cseq], ["bytes", x.size && num(x.size)], ["result", x.type === "exchange" ? outcome(x) : x.status]];
  return <div class="picked panel"><b><span class={"leg " + x.proto}>{x.proto.toUpperCase()}</span> <span class="break">{label(x)}</span></b><dl class="facts">{facts.filter(([, v]) => v).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl></div>;
}

function PassedRow({ m }: { m: Passed }) {
  const [from, to] = ends(m);
  return <tr class={m.type + (wrong(m) ? " failed" : "")}>
    <td class="mono"><time title={absolute(m.at)}>{clock(m.at)}</time></td>
    <td><span class={"leg " + m.proto}>{m.proto.toUpperCase()}</span> {m.type === "exchange" ? label(m) : <><b>{label(m)}</b> <span class="muted">{from} → {to}</span></>}</td>
    <td>{m.node ? <NodeChip name={m.node} plain /> : <span class="muted">{m.type === "exchange" ? "gateway" : ""}</span>}</td>
    <td>{m.type === "exchange" ? outcome(m) : ""}</td><td class="muted">{[m.transport?.toUpperCase(), m.peer].filter(Boolean).join(" ")}</td></tr>;
}

// told says what a node did that the gateway learned from.
function told(e: Event) {
  if (e.proto === "sip") return e.kind === "open" ? "request of the node" : "call progress";
  return e.keys?.some((k) => k.verb === "set") ? "node sets the id" : "node drops the id";
}

function EventRow({ e }: { e: Event }) {
  const what = e.type === "moved" ? "moved" : e.type === "learned" ? told(e) : e.kind === "within" ? "in dialog" : e.kind === "same" ? "CANCEL or ACK" : "request";
  return <tr class={e.type + (e.failed ? " failed" : "")}>
    <td class="mono"><time title={absolute(e.at)}>{clock(e.at)}</time>{e.count > 1 && <span class="times" title={"until " + (e.until ? clock(e.until) : "")}>×{num(e.count)}</span>}</td>
    <td>{e.proto && <span class={"leg " + e.proto}>{e.proto.toUpperCase()}</span>} {e.type === "moved" && <Icon name="move" />}{what}</td>
    <td>{e.from && <><NodeChip name={e.from} plain /> → </>}{e.node ? <NodeChip name={e.node} plain /> : <Badge word="bad" text="refused" />}</td>
    <td><Rule code={e.rule} />{e.guest && <Badge word="degraded" text="guest" />}{e.moved && e.type !== "moved" && <Badge word="moved" text="moved it" />}</td>
    <td class="evidence">{e.hint && <span class="key hint" title={"named by the message itself: " + sourceText(e.hint.source)}><b>{sourceText(e.hint.source)}</b>{e.hint.text}</span>}
      {e.keys?.map((k, i) => <span key={i} class={"key " + k.space} title={sourceText(k.source)}><b>{k.verb === "set" ? "sets " : k.verb === "gone" ? "drops " : ""}{spaceText(k.space)}</b>{k.text}</span>)}{!!e.more && <span class="muted">+{e.more}</span>}</td></tr>;
}
