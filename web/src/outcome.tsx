// What the gateway says of a pasted message: where it would go, by which steps,
// and what of it would be other when it leaves.
import { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, Problem, Why } from "./api";
import { Badge, Empty, Failure, Icon, NodeChip, Rule, Scroll, Skeleton } from "./parts";
import { KeyChip } from "./keychips";
import { Steps } from "./why";
import { link } from "./state";
import { num, ruleText, sourceText } from "./words";

export interface Fault { line: number; column: number; message: string }
interface Rewrite { what: string; before: string; after: string; why: string }
interface OwnAnswer { status: number; reason: string; location?: string }
interface Told extends Why {
  pool?: string; session?: string; createsSession?: boolean; guest?: boolean; moved?: boolean; hint?: string; rewrites?: Rewrite[]; redirect?: OwnAnswer | null; answer?: OwnAnswer | null;
  serves?: string; toward?: string; asks?: string; dropped?: string[]; faults?: Fault[]; assumed?: boolean; elapsedMicros?: number;
}

interface Asked { asked: string; told?: Told; before?: Told; problem?: Problem }

// useAnswer asks when nobody has typed for a moment; with assumptions it asks
// once more without them, to tell the difference.
function useAnswer(body: { plain: object; whole: object } | null) {
  const [answer, setAnswer] = useState<Asked | null>(null);
  const [again, setAgain] = useState(0);
  const asked = body ? JSON.stringify(body.whole) : "", plain = body ? JSON.stringify(body.plain) : "";
  useEffect(() => {
    if (!asked) return setAnswer(null);
    let over = false;
    const ask = async () => {
      const post = (text: string) => call<Told>("POST", "/route/explain", JSON.parse(text));
      try {
        const told = await post(asked);
        const before = plain === asked ? undefined : await post(plain).catch(() => undefined);
        if (!over) setAnswer({ asked, told, before });
      } catch (problem) {
        if (!over) setAnswer({ asked, problem: problem as Problem });
      }
    };
    const t = setTimeout(ask, 250);
    return () => {
      over = true;
      clearTimeout(t);
    };
  }, [asked, again]);
  return { answer, asked, retry: () => setAgain(again + 1) };
}

export function Outcome({ body, onFaults }: { body: { plain: object; whole: object } | null; onFaults: (f: Fault[]) => void }) {
  const { answer, asked, retry } = useAnswer(body);
  const w = answer?.told;
  useEffect(() => onFaults(w?.faults ?? []), [w]);
  return <section class={"result" + (answer && answer.asked !== asked ? " dimmed" : "")} aria-live="polite" aria-busy={answer?.asked !== asked}>
    {!asked ? <Empty title="Nothing asked yet"><p>Paste a message, or begin with an example. The answer appears here.</p></Empty>
      : !answer ? <Skeleton rows={4} />
      : answer.problem ? <Refused problem={answer.problem} retry={retry} />
      : w && <><Verdict w={w} before={answer.before} /><Details w={w} /></>}
  </section>;
}

function Refused({ problem, retry }: { problem: Problem; retry: () => void }) {
  return <><Failure problem={problem} retry={retry} />
    {problem.errors.length > 0 && <ul class="faults">{problem.errors.map((e, i) => <li key={i}><code>{e.pointer}</code> {e.message}</li>)}</ul>}</>;
}

// ends says in one sentence what becomes of the message.
function ends(w: Told): { ok: boolean; text: ComponentChildren } {
  if (w.dropped?.length) return { ok: false, text: <>It is dropped without an answer: <code>{w.dropped.join(", ")}</code></> };
  if (w.faults?.length && !w.node) return { ok: false, text: "It cannot be read" + (w.answer ? `; the answer is ${w.answer.status} ${w.answer.reason}` : "") };
  if (w.redirect) return { ok: true, text: `The client is sent on: ${w.redirect.status} ${w.redirect.location ?? w.redirect.reason}` };
  if (w.serves) return { ok: true, text: "The gateway serves it itself: " + w.serves };
  if (w.answer) return { ok: w.answer.status < 400, text: `The gateway answers itself: ${w.answer.status} ${w.answer.reason}` };
  if (!w.rule) return { ok: !!w.toward, text: w.toward ? "It goes outward" : "Nothing was decided" };
  return { ok: !!w.node, text: ruleText(w.rule) };
}

function Target({ w }: { w: Told }) {
  if (w.node) return <NodeChip name={w.node} />;
  const own = w.redirect ?? w.answer;
  if (own) return <Badge word={own.status < 400 ? "ok" : "bad"} text={String(own.status)} />;
  return w.serves ? <>gateway</> : <Badge word={w.toward ? "ok" : "bad"} text={w.toward ? "outward" : "nowhere"} />;
}

function Verdict({ w, before }: { w: Told; before?: Told }) {
  const end = ends(w);
  return <div class={"panel verdict" + (end.ok ? "" : " refused")}>
    <span class={"leg " + w.proto}>{w.proto.toUpperCase()}</span><b class="break">{w.title}</b><Kind w={w} />
    {w.assumed && <Badge word="degraded" text="what if" title="with what was supposed" />}
    <span class="goes">→ <Target w={w} /></span>
    <p><Icon name={end.ok ? "ok" : "bad"} /> {end.text}</p>
    {before && <p class="plainly">{before.node === w.node && before.rule === w.rule ? "The same as without what is supposed." : <>Without what is supposed: <Target w={before} /> {before.rule && <Rule code={before.rule} />}</>}</p>}
  </div>;
}

function Kind({ w }: { w: Told }) {
  if (w.proto !== "sip" || !w.rule) return null;
  return <span class="muted">{w.kind === "within" ? "in a dialog" : w.kind === "same" ? "goes with its INVITE" : "outside dialogs"}</span>;
}

function Details({ w }: { w: Told }) {
  const session = w.session ? <a class="mono" href={link("sessions", w.session)}>{w.session.slice(0, 10)}</a> : "";
  const facts: [string, ComponentChildren][] = [["pool", w.pool], ["session", session], ["it would", [w.createsSession && "begin a session", w.moved && "move the session", w.guest && "be served as a guest"].filter(Boolean).join(", ")],
    ["it names", w.hint], ["next hop", w.toward && <span class="mono">{w.toward}</span>], ["looked up first", w.asks], ["took", w.elapsedMicros !== undefined && num(w.elapsedMicros) + " µs"]];
  return <>
    <dl class="facts">{facts.filter(([, v]) => v).map(([k, v]) => <div key={k}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
    {w.steps?.length > 0 && <><h2>Steps</h2><Steps w={w} /></>}
    {!!w.rewrites?.length && <Rewrites list={w.rewrites} />}
    {w.keys?.length > 0 && <><h2>Keys found in it</h2><Scroll label="Keys found in it"><table class="list cardable"><caption class="hidden">Keys found in it</caption>
      <thead><tr><th scope="col">From</th><th scope="col">Key</th><th scope="col">Leads to</th></tr></thead>
      <tbody>{w.keys.map((k, i) => <tr key={i}><th scope="row">{sourceText(k.source)}</th><td data-label="Key"><KeyChip k={k} /></td>
        <td data-label="Leads to">{k.known ? <><NodeChip name={k.node} /> {k.session && <a class="mono" href={link("sessions", k.session)}>{k.session.slice(0, 10)}</a>}</> : <span class="muted">not known</span>}</td></tr>)}</tbody></table></Scroll></>}
  </>;
}

function Rewrites({ list }: { list: Rewrite[] }) {
  return <><h2>What is other when it leaves</h2>
    <ul class="rewrites">{list.map((r, i) => <li key={i}><b>{r.what}</b> <span class="muted">{r.why}</span>
      {r.before && <code class="gone"><i aria-label="before">−</i>{r.before}</code>}{r.after && <code class="added"><i aria-label="after">+</i>{r.after}</code>}</li>)}</ul></>;
}
