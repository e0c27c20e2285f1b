// An ordered list of places where a key may be found.
import { useRef, useState } from "preact/hooks";
import { Fault } from "./api";
import { Cans, Exclude, HTTPSource, SIPSource } from "./draft";
import { Icon } from "./parts";

export type Source = HTTPSource | SIPSource;

export const faultsAt = (faults: Fault[], pointer: string) => faults.filter((f) => f.pointer === pointer || f.pointer?.startsWith(pointer + "/"));

interface Given { title: string; hint: string; kind: "http" | "sip"; items: Source[]; cans: Cans; faults: (pointer: string) => Fault[]; off: boolean; change: (items: Source[]) => void }

const most = 8;

export function Sources({ title, hint, kind, items, cans, faults, off, change }: Given) {
  const [dragged, setDragged] = useState(-1);
  const [over, setOver] = useState(-1);
  const [said, setSaid] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const move = (from: number, to: number) => {
    if (to < 0 || to >= items.length || from === to) return;
    const next = [...items];
    next.splice(to, 0, ...next.splice(from, 1));
    change(next);
    setSaid(`${label(items[from])} is number ${to + 1} of ${items.length} now.`);
    const was = document.activeElement?.getAttribute("data-do");
    setTimeout(() => list.current?.children[to]?.querySelector<HTMLElement>(was ? `[data-do=${was}]:not(:disabled)` : ".grip")?.focus());
  };
  const keys = (i: number) => (e: KeyboardEvent) => {
    if (!e.altKey || off || (e.key !== "ArrowUp" && e.key !== "ArrowDown")) return;
    e.preventDefault();
    move(i, i + (e.key === "ArrowUp" ? -1 : 1));
  };
  const set = (i: number, s: Source) => change(items.map((x, k) => (k === i ? s : x)));
  const fresh = (): Source => {
    const can = cans[kind].find((c) => c.named || !items.some((x) => x.source === c.source)) ?? cans[kind][0];
    return kind === "http" ? { source: can.source, name: "" } : { source: can.source };
  };
  return <section class="sources" aria-label={title}>
    <div class="sectionhead"><h2>{title}</h2><span class="muted small">{hint}</span></div>
    {!items.length && <p class="muted">No place: {kind === "http" ? "HTTP requests have no keys." : "only the Call-ID counts."}</p>}
    <ol ref={list}>{items.map((x, i) => <li key={i} class={(over === i && dragged >= 0 ? "over " : "") + (dragged === i ? "dragged" : "")} onKeyDown={keys(i)}
      onDragOver={(e) => { if (dragged >= 0) { e.preventDefault(); setOver(i); } }} onDrop={(e) => { e.preventDefault(); move(dragged, i); setDragged(-1); }}>
      <div class="place">
        <button type="button" class="grip plain" draggable={!off} disabled={off} data-do="grip" aria-label={`${label(x)}, number ${i + 1}. Alt and arrows move it.`} title="Drag it, or Alt and ↑ ↓"
          onDragStart={(e) => { e.dataTransfer?.setData("text/plain", label(x)); setDragged(i); }} onDragEnd={() => { setDragged(-1); setOver(-1); }}><Icon name="grip" /></button>
        <span class="number">{i + 1}</span>
        <Place x={x} kind={kind} cans={cans} off={off} set={(s) => set(i, s)} />
        <span class="grow" />
        <button type="button" class="plain" data-do="up" disabled={off || i === 0} aria-label={"Move up: " + label(x)} onClick={() => move(i, i - 1)}><Icon name="up" /></button>
        <button type="button" class="plain" data-do="lower" disabled={off || i === items.length - 1} aria-label={"Move down: " + label(x)} onClick={() => move(i, i + 1)}><Icon name="lower" /></button>
        <button type="button" class="plain" disabled={off} aria-label={"Take away: " + label(x)} onClick={() => change(items.filter((_, k) => k !== i))}><Icon name="bad" /></button></div>
      {kind === "sip" && x.source !== "call-id" && <ExcludeOf x={x as SIPSource} off={off} set={(s) => set(i, s)} />}
      {faults(`#/affinity/${kind}/${i}`).map((f) => <p key={f.message} class={f.severity === "warn" ? "soft" : "wrong"} role="alert"><Icon name="warn" /> {f.message}{f.hint && `; ${f.hint}`}</p>)}
    </li>)}</ol>
    {faults(`#/affinity/${kind}`).filter((f) => f.pointer === `#/affinity/${kind}`).map((f) => <p key={f.message} class="wrong" role="alert">{f.message}</p>)}
    <button type="button" class="plain add" disabled={off || items.length >= most} onClick={() => change([...items, fresh()])}><Icon name="plus" />Add a place</button>
    <span class="hidden" role="status" aria-live="polite">{said}</span>
  </section>;
}

export const label = (x: Source) => ("name" in x ? `${x.source} ${x.name}` : x.source);

function Place({ x, kind, cans, off, set }: { x: Source; kind: "http" | "sip"; cans: Cans; off: boolean; set: (s: Source) => void }) {
  const colon = x.source.indexOf(":"), word = colon < 0 ? x.source : x.source.slice(0, colon + 1);
  const can = cans[kind].find((c) => c.source === word);
  const name = "name" in x ? x.name : colon < 0 ? "" : x.source.slice(colon + 1);
  const list = `seen-${kind}-${word.replace(/\W/g, "")}`;
  const to = (source: string, n: string): Source => {
    if (kind === "http") return { source, name: n };
    const exclude = (x as SIPSource).exclude;
    return { source: source.endsWith(":") ? source + n : source, ...(exclude && source !== "call-id" ? { exclude } : {}) };
  };
  return <>
    <select aria-label="Place" disabled={off} value={word} title={can?.description} onChange={(e) => set(to(e.currentTarget.value, name))}>
      {!can && <option value={word}>{word}</option>}{cans[kind].map((c) => <option key={c.source} value={c.source} title={c.description}>{c.source.replace(/:$/, "")}</option>)}</select>
    {can?.named !== false && (kind === "http" || word.endsWith(":")) && <>
      <input aria-label="Name" disabled={off} value={name} placeholder="name" maxLength={255} list={list} spellcheck={false} autocomplete="off" onInput={(e) => set(to(word, e.currentTarget.value))} />
      <datalist id={list}>{can?.seen?.map((s) => <option key={s.name} value={s.name}>{Math.round(s.share * 100)} % of the traffic</option>)}</datalist></>}
    <span class="muted small says">{can?.description}</span>
  </>;
}

const words = (s: string) => s.split(/[\s,]+/).filter(Boolean);

// ExcludeOf names who is nobody although the place has something.
function ExcludeOf({ x, off, set }: { x: SIPSource; off: boolean; set: (s: SIPSource) => void }) {
  const e: Exclude = x.exclude ?? {};
  const put = (change: Exclude) => {
    const next = { ...e, ...change };
    for (const k of Object.keys(next) as (keyof Exclude)[]) if (!next[k]?.length) delete next[k];
    set(Object.keys(next).length ? { source: x.source, exclude: next } : { source: x.source });
  };
  const count = (e.users?.length ?? 0) + (e.networks?.length ?? 0) + (e.pattern ? 1 : 0);
  return <details class="exclude"><summary>{count ? `but not ${[...(e.users ?? []), e.pattern && `/${e.pattern}/`, ...(e.networks ?? [])].filter(Boolean).join(", ")}` : "exclude somebody"}</summary>
    <label>Users<input disabled={off} defaultValue={(e.users ?? []).join(", ")} placeholder="trunk, 0800, switchboard" onChange={(v) => put({ users: words(v.currentTarget.value) })} /></label>
    <label>Pattern<input disabled={off} class="mono" value={e.pattern ?? ""} maxLength={256} placeholder="\+1.*" onInput={(v) => put({ pattern: v.currentTarget.value })} /></label>
    <label>Networks<input disabled={off} defaultValue={(e.networks ?? []).join(", ")} placeholder="10.1.0.0/16" onChange={(v) => put({ networks: words(v.currentTarget.value) })} /></label></details>;
}
