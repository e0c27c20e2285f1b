import { useEffect, useRef, useState } from "preact/hooks";
import { follow, go, link, live, place, useLive } from "./state";
import { Curl, Empty, Head, Icon, NodeChip, Skeleton, Stale } from "./parts";
import { Box, Choice, Missing } from "./filters";
import { query, saveLines, useJournal } from "./journal";
import { clock, num } from "./words";

interface Item { id: string; at: string; type: string; severity: string; text: string; node?: string; session?: string; actor?: string; count?: number }

const types: [string, string][] = [["", "all types"], ["node.", "nodes"], ["session.", "sessions"], ["drain.", "drains"], ["config.", "configuration"], ["affinity.", "affinity"], ["auth.", "log ins"], ["shed", "kept out"], ["ban", "bans"], ["audit", "changes by operators"]];
const severities: [string, string][] = [["", "any severity"], ["warn", "warnings and worse"], ["bad", "bad ones only"]];
const spans: [string, string][] = [["", "any time"], ["15m", "last 15 minutes"], ["1h", "last hour"], ["24h", "last day"]];
const looks: Record<string, [string, string]> = { bad: ["bad", "bad"], warn: ["warn", "warn"], info: ["dim", "dot"] };
const rank = ["info", "warn", "bad"];

type Filters = Record<"type" | "severity" | "node" | "actor" | "q" | "span", string>;

function show(change: Partial<Filters>) {
  go("events" + query({ ...Object.fromEntries(place.value.query), ...change } as Record<string, string>));
}

const minutes: Record<string, number> = { "15m": 15, "1h": 60, "24h": 1440 };

// fits is what the API would say of an event that comes by the stream.
function fits(x: Item, f: Filters): boolean {
  const q = f.q.toLowerCase();
  return (!f.type || x.type.startsWith(f.type)) && rank.indexOf(x.severity) >= rank.indexOf(f.severity || "info") && (!f.node || x.node === f.node) &&
    (!f.actor || x.actor === f.actor) && (!q || x.text.toLowerCase().includes(q) || x.type.includes(q));
}

export function EventsScreen() {
  const q = place.value.query;
  const word = (k: string) => q.get(k) ?? "";
  const f: Filters = { type: word("type"), severity: word("severity"), node: word("node"), actor: word("actor"), q: word("q"), span: word("span") };
  const [since, setSince] = useState("");
  useEffect(() => setSince(f.span ? new Date(Date.now() - minutes[f.span] * 60000).toISOString() : ""), [f.span]);
  const filters = { type: f.type, severity: f.severity, node: f.node, actor: f.actor, q: f.q, since };
  const path = "/events" + query({ ...filters, limit: "100" });
  const list = useJournal<Item>(path);
  const [paused, setPaused] = useState(false);
  const held = useRef<Item[]>([]);
  const [waiting, setWaiting] = useState(0);
  useEffect(() => { follow("events"); return () => follow(); }, []);
  useEffect(() => { held.current = []; setWaiting(0); }, [path]);
  const period = live.value === "lost";
  useEffect(() => { // the stream is away: look now and then
    if (!period || paused) return;
    const t = setInterval(list.reload, 5000);
    return () => clearInterval(t);
  }, [period, paused, list.reload]);
  const release = () => { list.add(held.current); held.current = []; setWaiting(0); };
  useLive((name, x: Item) => {
    if (name === "resync" && !paused) list.reload();
    if (name !== "event" || !x.id || !fits(x, f)) return;
    const reading = paused || window.scrollY > 120; // nothing moves under the eyes
    if (!reading) return list.add([x]);
    held.current = [x, ...held.current].slice(0, 500);
    setWaiting(held.current.length);
  });
  const filtered = Object.values(f).some(Boolean);
  return <>
    <Head title="Events" sub={list.total && <>{num(list.total.value)}{list.total.relation === "gte" && "+"} {filtered ? "like that" : "in memory"}</>}>
      <Curl path={path} cli={"events" + (f.severity ? " --severity " + f.severity : "")} />
      <button type="button" onClick={() => saveLines("/events" + query({ ...filters, limit: "500" }), "twinhop-events.jsonl")}>Export JSONL</button>
      <button type="button" class="toggle" aria-pressed={paused} onClick={() => { if (paused) release(); setPaused(!paused); }}><Icon name={paused ? "move" : "pause"} />{paused ? "Follow" : "Pause"}</button></Head>
    <div class="filters">
      <Choice name="type" label="Type" value={f.type} choices={f.type && !types.some(([t]) => t === f.type) ? [...types, [f.type, f.type]] : types} onChange={(type) => show({ type })} />
      <Choice name="severity" label="Severity" value={f.severity} choices={severities} onChange={(severity) => show({ severity })} />
      <Choice name="span" label="Time" value={f.span} choices={spans} onChange={(span) => show({ span })} />
      <Box name="node" label="Node" value={f.node} onChange={(node) => show({ node })} />
      <Box name="actor" label="Who" value={f.actor} onChange={(actor) => show({ actor })} />
      <Box name="q" label="Words" value={f.q} onChange={(words) => show({ q: words })} wide />
      {filtered && <button type="button" class="plain" onClick={() => go("events")}>Clear filters</button>}</div>
    {list.items && <Stale at={list.at} error={list.error} />}
    {waiting > 0 && <button type="button" class="fresh" onClick={() => { release(); scrollTo(0, 0); }}>{num(waiting)} new: show</button>}
    {!list.items ? list.error ? <Missing problem={list.error} what="a list of events" retry={list.reload} /> : <Skeleton rows={8} />
      : !list.items.length ? filtered ? <Empty title="Nothing like that happened"><button type="button" onClick={() => go("events")}>Clear filters</button></Empty>
        : <Empty title="Nothing happened yet">What becomes of nodes, sessions, drains, the configuration and log ins is told here.</Empty>
      : <ol class="eventlist" aria-label="Events, the newest first">{list.items.map((x, i) => <Row key={x.id} x={x} day={day(x, list.items![i - 1])} />)}</ol>}
    {list.next && <button type="button" class="more" disabled={list.busy} onClick={list.more}>Older</button>}
  </>;
}

// day is the heading of an event that is the first of its day.
function day(x: Item, before?: Item): string {
  const of = (i: Item) => new Date(i.at).toLocaleDateString("sv-SE");
  return !before || of(before) !== of(x) ? of(x) : "";
}

function Row({ x, day }: { x: Item; day: string }) {
  const [look, icon] = looks[x.severity] ?? looks.info;
  return <>{day && <li class="day">{day}</li>}
    <li class={"event " + look}><time dateTime={x.at}>{clock(x.at)}</time><span class="severity" title={x.severity}><Icon name={icon} /><span class="hidden">{x.severity}</span></span>
      <span class="what">{x.text}{(x.count ?? 0) > 1 && <span class="times">×{num(x.count!)}</span>}</span>
      <span class="of">{x.node && <NodeChip name={x.node} />}{x.session && <a href={link("sessions", x.session)} class="mono" title={x.session}>{x.session.slice(0, 10)}…</a>}
        {x.actor && <a class="muted" href={"#/events" + query({ actor: x.actor })}>{x.actor}</a>}{target(x)}</span>
      <code class="type"><a href={"#/events" + query({ type: x.type })}>{x.type}</a></code></li></>;
}

// target leads to what an event without a node or session is about.
function target(x: Item) {
  if (x.type.startsWith("config.")) return <a href="#/config/versions">versions</a>;
  if (x.type.startsWith("affinity.")) return <a href="#/affinity">affinity</a>;
  if (x.type === "ban" || x.type === "shed") return <a href="#/">overview</a>;
  return null;
}

