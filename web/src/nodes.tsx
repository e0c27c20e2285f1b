import { useState } from "preact/hooks";
import { Impact, Node, Operation, Page } from "./api";
import { go, link, may, place, say, useData, useLive } from "./state";
import { activationText, Age, Empty, Failure, Head, Icon, NodeChip, Same, Scroll, Skeleton, Stale, word } from "./parts";
import { Confirm } from "./confirm";
import { Choice } from "./filters";
import { query } from "./journal";
import { needs } from "./pieces";
import { actions, Actions, Ask, dry, path, set, Verb } from "./nodeactions";
import { presets, Row } from "./nodetable";
import { absolute, num, plural } from "./words";

// useDrains tells of each node whether it is being drained, as it goes on.
export function useDrains() {
  const { data, reload, set } = useData<Page<Operation>>("/operations");
  useLive((e, o: Operation) => {
    if (e === "resync") reload();
    if (e === "operation.progress" && data) set({ ...data, items: [o, ...data.items.filter((x) => x.id !== o.id)] });
  });
  return (name: string) => data?.items.find((o) => o.node === name && o.state === "running");
}

// Heartbeat marks a node that is not configured but told of itself.
function Heartbeat({ n }: { n: Node }) {
  const a = n.announced;
  if (!a) return null;
  return <span class="hint" title={`It announced itself by ${a.by.toUpperCase()}${a.hostName ? ", host " + a.hostName : ""}; last heartbeat ${absolute(a.last)}`}>
    {a.by} <Age at={a.last} /> ago{a.draining && ", asked for nothing new"}</span>;
}

// The way of looking is remembered, the filters stand in the address.
const stored = () => { try { return localStorage.getItem("nodes") ?? ""; } catch { return ""; } };
function keep(view: string) { try { localStorage.setItem("nodes", view); } catch { /* private mode */ } }
const show = (change: Record<string, string>) => go("nodes" + query({ ...Object.fromEntries(place.value.query), ...change }));

const states: [string, string][] = [["", "any state"], ["active", "active"], ["disabled", "draining"], ["stopped", "stopped"], ["down", "down"], ["bad", "anything but good"]];
const inState = (n: Node, s: string) => !s || n.activation === s || (s === "down" && Object.values(n.health).includes("down")) ||
  (s === "bad" && (n.activation !== "active" || Object.values(n.health).some((h) => h !== "up")));

export function NodesScreen() {
  const drain = useDrains();
  const { data, error, at, reload } = useData<Page<Node>>("/nodes", 3000);
  const [asked, setAsked] = useState<{ n: Node; verb: Verb } | null>(null);
  const [picked, setPicked] = useState<string[]>([]);
  const [bulk, setBulk] = useState<"" | "active" | "disabled" | "stopped">("");
  useLive((e) => { if (["node.changed", "node.added", "node.removed", "resync"].includes(e)) reload(); });
  const q = place.value.query, f = { state: q.get("state") ?? "", domain: q.get("domain") ?? "", source: q.get("source") ?? "" };
  const view = presets[q.get("view") ?? stored()] ? q.get("view") ?? stored() : "simple";
  const all = data?.items ?? [];
  const shown = all.filter((n) => inState(n, f.state) && (!f.domain || (n.domain ?? "") === f.domain) && (!f.source || !!n.announced === (f.source === "announced")));
  const chosen = shown.filter((n) => picked.includes(n.name));
  const domains = [...new Set(all.map((n) => n.domain ?? "").filter(Boolean))];
  const filtered = Object.values(f).some(Boolean);
  // The keys of a row: d drains, x stops, a dot opens all the rest.
  const keys = (e: KeyboardEvent) => {
    const row = (e.target as HTMLElement).closest<HTMLElement>("tr[data-node]"), n = all.find((x) => x.name === row?.dataset.node);
    if (!n || (e.target as HTMLElement).matches("input,select") || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open], :popover-open")) return;
    if (e.key === ".") row!.querySelector<HTMLElement>("[data-menu]")?.click();
    else if ((e.key === "d" && n.activation !== "disabled") || (e.key === "x" && n.activation !== "stopped")) {
      if (!may("operator")) return say({ text: "This needs the role operator.", bad: true });
      setAsked({ n, verb: e.key === "d" ? "disabled" : "stopped" });
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return <>
    <Head title="Nodes" sub={data ? (filtered ? `${shown.length} of ${plural(all.length, "node")}` : plural(all.length, "node")) : ""}><Same path="/nodes" cli={"nodes list" + (view === "simple" ? "" : " -o wide")} /></Head>
    <div class="filters"><div class="segments" role="group" aria-label="Columns">{Object.entries(presets).map(([k, p]) =>
      <button key={k} type="button" class="toggle" aria-pressed={view === k} onClick={() => { keep(k); show({ view: k === "simple" ? "" : k }); }}>{p.name}</button>)}</div>
      <Choice name="state" label="State" value={f.state} choices={states} onChange={(state) => show({ state })} />
      {domains.length > 0 && <Choice name="domain" label="Domain" value={f.domain} choices={[["", "any domain"], ...domains.map((d): [string, string] => [d, d])]} onChange={(domain) => show({ domain })} />}
      {all.some((n) => n.announced) && <Choice name="source" label="Source" value={f.source} choices={[["", "any source"], ["configured", "configured"], ["announced", "announced themselves"]]} onChange={(source) => show({ source })} />}
      {filtered && <button type="button" class="plain" onClick={() => go("nodes")}>Clear filters</button>}</div>
    <Stale at={at} error={error} />
    {chosen.length > 0 && <Picked chosen={chosen} onBulk={setBulk} onClear={() => setPicked([])} />}
    {!data ? error ? <Failure problem={error} retry={reload} /> : <Skeleton /> : !all.length
      ? <Empty title="No nodes registered">Add them under <code>nodes:</code> in the configuration and reload it, or with <code>twinhop nodes add</code>; or let them announce themselves: <code>heartbeat:</code>.</Empty>
      : !shown.length ? <Empty title="No node is like that"><button type="button" onClick={() => go("nodes")}>Clear filters</button></Empty>
      : <Table view={view} shown={shown} all={all} drain={drain} picked={picked} setPicked={setPicked} onAsk={(n, verb) => setAsked({ n, verb })} keys={keys} reload={reload} />}
    {asked && <Ask n={asked.n} verb={asked.verb} onClose={() => setAsked(null)} onDone={reload} />}
    {bulk && <Bulk to={bulk} chosen={chosen} all={all} onClose={() => setBulk("")} onDone={() => { setPicked([]); reload(); }} />}
  </>;
}

interface Given {
  view: string; shown: Node[]; all: Node[]; drain: (name: string) => Operation | undefined; picked: string[]; setPicked: (change: (names: string[]) => string[]) => void;
  onAsk: (n: Node, v: Verb) => void; keys: (e: KeyboardEvent) => void; reload: () => void;
}

function Table({ view, shown, all, drain, picked, setPicked, onAsk, keys, reload }: Given) {
  const { columns, byPool } = presets[view];
  const rows: Row[] = shown.flatMap((n): Row[] => (byPool ? n.pools : n.pools.slice(0, 1).concat(n.pools.length ? [] : [undefined!])).map((p) => ({ n, p, all, drain: drain(n.name), onDone: reload })));
  const several = byPool && shown.some((n) => n.pools.length > 1);
  const toggle = (name: string) => setPicked((all) => (all.includes(name) ? all.filter((x) => x !== name) : [...all, name]));
  const every = shown.every((n) => picked.includes(n.name));
  return <Scroll label="Nodes"><table class={"list nodes view-" + view + (byPool ? "" : " cardable")}><caption class="hidden">Nodes</caption>
    <thead><tr><th scope="col" class="pick"><input type="checkbox" aria-label="Pick all" checked={every} onChange={() => setPicked(() => (every ? [] : shown.map((n) => n.name)))} /></th>
      <th scope="col">Name</th>{several && <th scope="col">Pool</th>}{columns.map((c) => <th key={c.name} scope="col" title={c.title} class={[c.n && "n", c.wide && "wide"].filter(Boolean).join(" ")}>{c.name}</th>)}<th scope="col"><span class="hidden">Actions</span></th></tr></thead>
    <tbody onKeyDown={keys}>{rows.map((r) => <tr key={r.n.name + " " + (byPool ? r.p?.name : "")} data-row={link("nodes", r.n.name)} data-node={r.n.name}>
      <td class="pick"><input type="checkbox" aria-label={"Pick " + r.n.name} checked={picked.includes(r.n.name)} onChange={() => toggle(r.n.name)} /></td>
      <th scope="row"><NodeChip name={r.n.name} /> <Heartbeat n={r.n} /></th>{several && <td>{r.p?.name}</td>}
      {columns.map((c) => <td key={c.name} data-label={c.label} class={[c.n && "n", c.wide && "wide", c.class].filter(Boolean).join(" ")}>{c.cell(r)}</td>)}
      <td class="last"><Actions n={r.n} onDone={reload} onAsk={(v) => onAsk(r.n, v)} /></td></tr>)}</tbody></table></Scroll>;
}

function Picked({ chosen, onBulk, onClear }: { chosen: Node[]; onBulk: (to: "active" | "disabled" | "stopped") => void; onClear: () => void }) {
  const allowed = may("operator");
  return <div class="picked-bar" role="status"><b>{plural(chosen.length, "node")} picked</b><span class="grow" />
    {(["active", "disabled", "stopped"] as const).map((a) => <button key={a} type="button" class={a === "stopped" ? "danger" : ""} disabled={!allowed || chosen.every((n) => n.activation === a)} title={needs("operator", actions[a].text)} onClick={() => onBulk(a)}>
      <Icon name={actions[a].icon} />{actions[a].label} all…</button>)}
    <button type="button" class="plain" onClick={onClear}>Pick none</button></div>;
}

// Bulk turns several nodes. It never forces: the gateway refuses to take the
// last one that gets new work, and that one stays as it is.
function Bulk({ to, chosen, all, onClose, onDone }: { to: "active" | "disabled" | "stopped"; chosen: Node[]; all: Node[]; onClose: () => void; onDone: () => void }) {
  const [list] = useState(() => chosen.filter((n) => n.activation !== to));
  const [calls, setCalls] = useState(0);
  const x = actions[to], others = all.filter((n) => n.activation === "active" && !list.includes(n)).length;
  const preview = async () => {
    const impacts: Impact[] = await Promise.all(list.map((n) => dry(n, to)));
    const sum = (of: (i: Impact) => number) => impacts.reduce((s, i) => s + of(i), 0);
    setCalls(sum((i) => i.calls));
    return <ul class="impact"><li><b>{plural(sum((i) => i.sessions), "session")}</b> and <b>{plural(sum((i) => i.calls), "call")}</b> {to === "active" ? "live there now." : to === "disabled" ? "stay until they end." : "move away."}</li>
      {to !== "active" && <li class={others ? "" : "bad"}>{others ? <><b>{plural(others, "other node")}</b> {others === 1 ? "gets" : "get"} new work then.</> : "No other node gets new work: the last one will be refused and stays as it is."}</li>}</ul>;
  };
  const act = async (reason: string) => {
    const back: (() => Promise<unknown>)[] = [];
    let refused = "", refusals = 0;
    for (const n of list) {
      try { const b = await set(n, to, { reason }); if (b) back.push(b); }
      catch (p) { refusals++; refused = `${n.name}: ${(p as Error).message}.`; }
    }
    const done = num(list.length - refusals);
    say({ text: `${done} of ${plural(list.length, "node")} ${activationText(to)} now. ${refused}`, bad: !!refused, undo: back.length ? () => Promise.all(back.map((b) => b())).then(() => { say({ text: "They are as they were." }); onDone(); }, () => {}) : undefined });
    onDone();
  };
  return <Confirm title={`${x.label} ${plural(list.length, "node")}?`} verb={x.label} danger={to === "stopped"} onClose={onClose} act={act} preview={preview} typed={to === "stopped" && calls > 0 ? "stop" : undefined}
    same={(reason) => ({ method: "PATCH", path: path(list[0]?.name ?? ""), body: { activation: to, reason }, cli: list.map((n) => `nodes ${x.cli} ${word(n.name)}`).join(" && twinhop ") })}>
    <p>{list.map((n) => <NodeChip key={n.name} name={n.name} plain />)}</p><p>{x.text}</p></Confirm>;
}
