// The message that is picked in a timeline: what is known of it, its text, and
// how it differs from its counterpart or from another one.
import { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Event, get, Passed, Problem, Whole } from "./api";
import { diff } from "./diff";
import { DiffView } from "./diffview";
import { may } from "./state";
import { Copy, Failure, Icon, NodeChip, Rule, Same, Skeleton } from "./parts";
import { ends, evidence, isPassed, label, Line, outcome, same } from "./trail";
import { absolute, clock, num, ruleText } from "./words";

export type Mode = "text" | "diff" | "sdp";

export interface DrawerProps {
  id: string; // of the session
  x: Line;
  mode: Mode;
  marked: Line | null; // to compare with
  onMode: (m: Mode) => void;
  onMark: () => void;
  onStep: (by: number) => void;
  onTwin: (n: number) => void; // go to the message of that number
  onClose: () => void;
  watch: ComponentChildren; // offered where a text is missing
}

export function Drawer(p: DrawerProps) {
  const { x } = p;
  return <aside class="drawer panel" aria-label="The picked line">
    <header>
      <b>{x.proto && <span class={"leg " + x.proto}>{x.proto.toUpperCase()}</span>} <span class="break">{isPassed(x) ? label(x) : x.type === "moved" ? "moved" : "decision"}</span></b>
      <span class="grow" />
      <button type="button" class="plain" aria-label="Previous line" title="↑" onClick={() => p.onStep(-1)}><Icon name="up" /></button>
      <button type="button" class="plain" aria-label="Next line" title="↓" onClick={() => p.onStep(1)}><Icon name="lower" /></button>
      <button type="button" class="plain" aria-label="Close" title="Esc" onClick={p.onClose}><Icon name="bad" /></button>
    </header>
    {isPassed(x) ? <Message {...p} x={x} /> : <Decided e={x} />}
  </aside>;
}

function Decided({ e }: { e: Event }) {
  return <>
    <Facts list={[["at", absolute(e.at) + clock(e.at).slice(8)], ["times", e.count > 1 ? num(e.count) : ""], ["from", e.from && <NodeChip name={e.from} />], ["node", e.node ? <NodeChip name={e.node} /> : "refused"]]} />
    <p><Rule code={e.rule} /> <span class="muted">{ruleText(e.rule)}{e.guest && "; as a guest: the session lives elsewhere"}{e.failed && "; the node did not serve it"}.</span></p>
    <p class="keys">{evidence(e).map((k, i) => <span key={i} class={"key " + k.look} title={k.title}><b>{k.name}</b>{k.text}</span>)}{!!e.more && <span class="muted">+{e.more}</span>}</p>
  </>;
}

function Facts({ list }: { list: [string, ComponentChildren][] }) {
  return <dl class="facts">{list.filter(([, v]) => v !== undefined && v !== "").map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>;
}

// useText gets the text of a message, where there is one and one may.
function useText(id: string, m: Passed | null): { whole: Whole | null; problem: Problem | null } {
  const [state, setState] = useState<{ n: number; whole: Whole | null; problem: Problem | null }>({ n: 0, whole: null, problem: null });
  const wanted = m?.kept && may("operator") ? m.n : 0;
  useEffect(() => {
    if (!wanted) return;
    let over = false;
    get<Whole>(`/sessions/${encodeURIComponent(id)}/messages/${wanted}`).then((whole) => !over && setState({ n: wanted, whole, problem: null }),
      (problem: Problem) => !over && setState({ n: wanted, whole: null, problem }));
    return () => { over = true; };
  }, [id, wanted]);
  return state.n === wanted && wanted ? state : { whole: null, problem: null };
}

// parts of a message that are texts of their own: an exchange has up to four.
const names: Record<string, string> = { came: "request, as it came", left: "request, as it went to the node", answer: "answer of the node", answerLeft: "answer, as it went to the client" };
interface Part { name: string; text: string }
function partsOf(w: Whole): Part[] {
  if (w.texts?.length) return w.texts.map((t) => ({ name: names[t.name] ?? t.name, text: t.text }));
  const all: Part[] = [{ name: w.type === "exchange" ? names.left : "message", text: w.text ?? "" }];
  if (w.answer) all.push({ name: names.answerLeft, text: w.answer });
  return all;
}

// pairsOf says which texts of an exchange are one message before and after.
function pairsOf(w: Whole): [Part, Part][] {
  const part = (name: string) => w.texts?.find((t) => t.name === name);
  const pair = (a: string, b: string): [Part, Part][] => {
    const x = part(a), y = part(b);
    return x && y ? [[{ name: names[a], text: x.text }, { name: names[b], text: y.text }]] : [];
  };
  return [...pair("came", "left"), ...pair("answer", "answerLeft")];
}

const body = (text: string) => (/\n\n([\s\S]*)$/.exec(text)?.[1] ?? "").trim();

function Message(p: DrawerProps & { x: Passed }) {
  const { id, x, mode } = p;
  const mine = useText(id, x);
  const [from, to] = ends(x);
  const facts: [string, ComponentChildren][] = [["at", absolute(x.at) + clock(x.at).slice(8)], ["way", x.type === "exchange" ? "" : from + " → " + to], ["node", x.node && <NodeChip name={x.node} />],
    ["peer", x.peer], ["here", x.local], ["transport", x.transport?.toUpperCase()], ["CSeq", x.cseq], ["bytes", x.size && num(x.size)], ["result", x.type === "exchange" ? outcome(x) : x.status]];
  const other = p.marked && isPassed(p.marked) && !same(p.marked, x) ? p.marked : null;
  const tab = (m: Mode, key: string, text: string) => <button type="button" class="toggle" title={key} aria-pressed={mode === m} onClick={() => p.onMode(m)}>{text}</button>;
  return <>
    <Facts list={facts} />
    <div class="filters" role="group" aria-label="What to show">
      {tab("text", "t", "text")}{tab("diff", "d", "difference")}{x.proto === "sip" && tab("sdp", "s", "SDP")}
      {x.twin !== undefined && <button type="button" class="toggle" onClick={() => p.onTwin(x.twin!)}>{x.direction === "in" ? "as it left" : "as it came"}</button>}
      <button type="button" class="toggle" aria-pressed={!!p.marked && same(p.marked, x)} title="Space: the next one that is picked is compared with this one" onClick={p.onMark}>compare…</button>
    </div>
    {!x.kept ? <Missing x={x} watch={p.watch} /> : !may("operator") ? <p class="muted">The text is kept. Reading it needs the role operator.</p>
      : mine.problem ? <Failure problem={mine.problem} /> : !mine.whole ? <Skeleton rows={3} />
      : mode === "diff" ? <Difference id={id} x={x} whole={mine.whole} other={other} /> : <Texts whole={mine.whole} sdp={mode === "sdp"} />}
    {x.kept && <Same path={`/sessions/${id}/messages/${x.n}`} cli={`trace ${id} --raw ${x.n}`} />}
  </>;
}

function Missing({ x, watch }: { x: Passed; watch: ComponentChildren }) {
  return <div class="missing"><p class="muted">No text: those of {x.proto === "http" ? "requests" : "messages"} are kept only while somebody watches the session, and until they make room for new ones.</p>{watch}</div>;
}

function Texts({ whole, sdp }: { whole: Whole; sdp: boolean }) {
  const parts = partsOf(whole);
  if (sdp) {
    const text = body(parts[0].text);
    return /^v=0/.test(text) ? <Raw part={{ name: "SDP", text }} /> : <p class="muted">This message has no SDP.</p>;
  }
  return <>{parts.map((t) => <Raw key={t.name} part={t} />)}<p class="muted small">Secrets were taken out before the text was kept.</p></>;
}

function Raw({ part }: { part: Part }) {
  return <figure class="raw"><figcaption>{part.name}<Copy text={part.text} label="Copy the text" /></figcaption><pre tabIndex={0}>{part.text}</pre></figure>;
}

// Difference compares with the marked message, else with the counterpart.
function Difference({ id, x, whole, other }: { id: string; x: Passed; whole: Whole; other: Passed | null }) {
  const twin = other ?? (x.twin !== undefined ? ({ ...x, n: x.twin, kept: true } as Passed) : null);
  const theirs = useText(id, twin);
  const lines = (s: string) => s.trimEnd().split("\n");
  const pairs = other || !whole.texts ? [] : pairsOf(whole);
  if (pairs.length) return <>{pairs.map(([a, b]) => <figure class="raw" key={a.name}><figcaption>{a.name} → {b.name}</figcaption>
    <DiffView lines={diff(lines(a.text), lines(b.text))} label={a.name + " and " + b.name} empty="Nothing was changed." /></figure>)}</>;
  if (!twin) return <p class="muted">There is nothing to compare it with: mark another message with Space or "compare…", then come back.</p>;
  if (other && !other.kept) return <p class="muted">The text of the marked message is not kept.</p>;
  if (theirs.problem) return <Failure problem={theirs.problem} />;
  if (!theirs.whole) return <Skeleton rows={3} />;
  const text = (w: Whole) => lines(partsOf(w).map((t) => t.text).join("\n"));
  const [a, b] = other || x.direction === "out" ? [theirs.whole, whole] : [whole, theirs.whole];
  const name = other ? `marked ${label(other)} → this one` : "as it came → as it left";
  return <figure class="raw"><figcaption>{name}</figcaption><DiffView lines={diff(text(a), text(b))} label={name} empty="They are the same." /></figure>;
}
