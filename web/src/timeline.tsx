// The timeline of one session: a ladder or a table, and the drawer of what is
// picked.
import { useEffect, useRef, useState } from "preact/hooks";
import { call, Event, Occurred, Page, Problem } from "./api";
import { may, say, useData, useLive } from "./state";
import { Empty, now, Same } from "./parts";
import { Drawer, Mode } from "./drawer";
import { Band, Ladder } from "./ladder";
import { LineTable } from "./rows";
import { isPassed, Line, same } from "./trail";
import { absolute, duration, num } from "./words";

const drawn = 200; // rows that are shown at first; older ones wait for a click
interface Trail { items: Line[]; watchedUntil?: string }

// bandsOf makes times of events: what is not well is so until the next event
// of that service, or of its
// activation.
function bandsOf(list: Occurred[]): Band[] {
  const bands: Band[] = [], open = new Map<string, Band>();
  for (const e of [...list].reverse()) {
    if (!e.node) continue;
    const what = e.node + " " + (e.service || e.type); // each service is well or not by itself
    const before = open.get(what);
    if (before) before.until = e.at;
    open.delete(what);
    if (e.severity === "info") continue;
    const band = { node: e.node, since: e.at, severity: e.severity, text: e.text };
    bands.push(band);
    open.set(what, band);
  }
  return bands;
}

function useTrail(id: string, decided: Event[], seen: string) {
  const path = "/sessions/" + encodeURIComponent(id);
  const trail = useData<Trail>(path + "/timeline");
  const events = useData<Page<Occurred>>("/events?type=node.&limit=500");
  useEffect(trail.reload, [seen, decided.length]);
  const timer = useRef(0); // many messages, one question
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive((e) => {
    if (e === "node.changed") events.reload();
    if (e !== "session.message" || timer.current) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      trail.reload();
    }, 400);
  });
  return { list: trail.data?.items ?? decided, until: trail.data?.watchedUntil, bands: bandsOf(events.data?.items ?? []), reload: trail.reload };
}

export function Timeline({ id, decided, seen }: { id: string; decided: Event[]; seen: string }) {
  const { list, until, bands, reload } = useTrail(id, decided, seen);
  const [only, setOnly] = useState("");
  const [table, setTable] = useState(false);
  const [zoom, setZoom] = useState(1);
  const [most, setMost] = useState(drawn);
  const [paused, setPaused] = useState<Line[] | null>(null);
  const [picked, setPicked] = useState<Line | null>(null);
  const [marked, setMarked] = useState<Line | null>(null);
  const [mode, setMode] = useState<Mode>("text");
  const all = (paused ?? list).filter((e) => !only || e.proto === only || e.type === "moved");
  const rows = all.slice(-most);
  const place = (x: Line | null) => (x ? rows.findIndex((r) => same(r, x)) : -1);
  const at = place(picked);
  const step = (by: number) => rows.length && setPicked(rows[Math.max(0, Math.min(rows.length - 1, at + by))]);
  const mark = () => setMarked(at >= 0 && marked && same(marked, rows[at]) ? null : rows[at] ?? null);
  const keys: Record<string, () => void> = { t: () => setMode("text"), d: () => setMode("diff"), s: () => setMode("sdp"), " ": mark, Escape: () => setPicked(null),
    Enter: () => document.querySelector<HTMLElement>(".drawer pre, .drawer .diff, .drawer button")?.focus() };
  const onKey = (key: string) => {
    if (!keys[key] || at < 0) return false;
    keys[key]();
    return true;
  };
  const watch = <Watch id={id} until={until} onDone={reload} />;
  return <section class="trail">
    <div class="sectionhead"><h2>Timeline</h2>{watch}</div>
    <div class="filters tools" role="group" aria-label="What is shown">
      {["", "http", "sip"].map((p) => <button key={p} type="button" class="toggle" aria-pressed={only === p} onClick={() => setOnly(p)}>{p ? p.toUpperCase() : "all"}</button>)}
      <button type="button" class="toggle" aria-pressed={table} onClick={() => setTable(!table)}>table</button>
      <button type="button" class="toggle" aria-pressed={!!paused} onClick={() => setPaused(paused ? null : list)}>{paused ? "paused" : "pause"}</button>
      {!table && <Zoom zoom={zoom} onZoom={setZoom} />}
      <span class="grow" /><Export id={id} /><Same path={"/sessions/" + id + "/timeline"} cli={"trace " + id} />
    </div>
    {rows.length < all.length && <button type="button" class="more" onClick={() => setMost(most * 4)}>Show earlier: {num(all.length - rows.length)} lines are not drawn</button>}
    {!rows.length ? <Empty title="Nothing remembered">{only ? "No events of this protocol." : "What happened before is not in memory any more. New messages appear here."}</Empty>
      : <div class={"split" + (at >= 0 ? " open" : "")}>
        {table ? <LineTable rows={[...rows].reverse()} caption="Messages, decisions and moves, newest first" picked={rows[at]} onPick={setPicked} />
          : <Ladder list={rows} picked={at} marked={place(marked)} bands={bands} zoom={zoom} onPick={(i) => setPicked(rows[i])} onKey={onKey} />}
        {at >= 0 && <Drawer id={id} x={rows[at]} mode={mode} marked={marked} onMode={setMode} onMark={mark} onStep={step} watch={watch}
          onTwin={(n) => setPicked(list.find((x) => isPassed(x) && x.n === n) ?? picked)} onClose={() => setPicked(null)} />}
      </div>}
  </section>;
}

const zooms = [0.7, 1, 1.4];
function Zoom({ zoom, onZoom }: { zoom: number; onZoom: (z: number) => void }) {
  const at = zooms.indexOf(zoom);
  const to = (i: number, label: string, sign: string) => <button type="button" class="toggle" aria-label={label} title={label} disabled={!zooms[i]} onClick={() => onZoom(zooms[i])}><span aria-hidden="true">{sign}</span></button>;
  return <span class="row">{to(at - 1, "Smaller", "−")} {to(at + 1, "Larger", "+")}</span>;
}

// Watch has the texts of what passes kept for a while.
function Watch({ id, until, onDone }: { id: string; until?: string; onDone: () => void }) {
  const [minutes, setMinutes] = useState("30");
  const [busy, setBusy] = useState(false);
  const allowed = may("operator");
  const left = until ? Date.parse(until) - now.value : 0;
  const set = (n: number) => {
    setBusy(true);
    call("POST", `/sessions/${encodeURIComponent(id)}/actions/watch`, { minutes: n }).then(onDone, (p: Problem) => say({ text: p.message + ". " + p.detail, bad: true })).finally(() => setBusy(false));
  };
  const title = allowed ? "Keep the texts of its messages, without secrets, for this long" : "needs the role operator";
  if (left > 0) return <span class="watch on"><i aria-hidden="true" />texts are kept for <time title={absolute(until)}>{duration(left)}</time>
    <button type="button" disabled={!allowed || busy} title={title} onClick={() => set(0)}>Stop</button></span>;
  return <span class="watch"><button type="button" disabled={!allowed || busy} title={title} onClick={() => set(Number(minutes))}>Watch</button>
    <select aria-label="For how long texts are kept" disabled={!allowed} value={minutes} onChange={(e) => setMinutes(e.currentTarget.value)}>
      <option value="10">10 min</option><option value="30">30 min</option><option value="120">2 h</option><option value="1440">a day</option></select></span>;
}

function Export({ id }: { id: string }) {
  const allowed = may("operator");
  const link = (format: string, title: string) => allowed
    ? <a href={`/api/v1/sessions/${encodeURIComponent(id)}/export?format=${format}`} download={id + "." + format} title={title}>{format}</a>
    : <span title="needs the role operator">{format}</span>;
  return <span class="export muted">export {link("txt", "The timeline as text")} {link("json", "The timeline, with texts")} {link("pcap", "The messages whose texts are kept, for Wireshark and sngrep")}</span>;
}
