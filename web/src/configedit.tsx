import { useEffect, useRef, useState } from "preact/hooks";
import { ask, call, Problem } from "./api";
import { say } from "./state";
import { Copy, Curl, Failure, Icon } from "./parts";
import { FormDialog } from "./pieces";
import { Reason } from "./confirm";
import { diff, differs, patch } from "./diff";
import { DiffView } from "./diffview";
import { Config, FaultList, Takes, Verdict } from "./config";
import { plural } from "./words";

// EditPart lets somebody try another text of the file. Where the gateway may
// write the file it is applied, else there is a patch.
export function EditPart({ c, reload }: { c: Config; reload: () => void }) {
  const base = c.file?.text ?? "";
  const [text, setText] = useState(base);
  const [from, setFrom] = useState(base);
  const [applying, setApplying] = useState(false);
  const editor = useRef<HTMLTextAreaElement>(null);
  useEffect(() => { // follow the file while nothing was typed, and what was applied
    if (text === from) setText(base);
    if (text === from || text === base) setFrom(base);
  }, [base]);
  const { verdict, problem, busy, again } = useVerdict(text, c);
  const change = diff(base.split("\n"), text.split("\n"));
  const name = c.file?.path.replace(/^.*\//, "") ?? "twinhop.yaml";
  const dirty = differs(change), good = !!verdict?.ok && !busy;
  const jump = (line: number, column: number) => {
    const el = editor.current;
    if (!el) return;
    const lines = text.split("\n");
    const start = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
    el.focus();
    el.setSelectionRange(start + Math.min(column - 1, lines[line - 1]?.length ?? 0), start + (lines[line - 1]?.length ?? 0));
    el.scrollTop = Math.max(0, (line - 6) * 18);
  };
  return <>
    {from !== base && <div class="stale" role="status"><Icon name="warn" /><span>The file is another one than when you began. <button type="button" onClick={() => { setFrom(base); setText(base); }}>Take it, without your changes</button> <button type="button" onClick={() => setFrom(base)}>Go on</button></span></div>}
    {c.writable === false && <p class="muted">{c.readOnlyWhy ?? "This gateway does not write its file."} What you try here becomes a patch.</p>}
    <div class="bench config">
      <section aria-label="Text"><Editor text={text} onInput={setText} el={editor} marks={verdict?.faults.map((f) => Number(/(\d+):\d+$/.exec(f.place ?? "")?.[1])) ?? []} />
        {!c.file?.text && <p class="muted small under">{c.file?.withheld ?? "The text of the file is not known here."} Paste a configuration to try it. <button type="button" class="plain small" onClick={() => setText(c.lines.map((l) => l.text).join("\n") + "\n")}>Begin with what is in force</button></p>}
        {c.file?.text?.includes("***") && <p class="muted small under">Secrets show as <code>***…</code>; left as they are, they keep what stands.</p>}</section>
      <aside class="outcome panel" aria-label="What it would do">
        <h2>What it would do {busy && <span class="muted small">checking…</span>}</h2>
        {problem ? problem.errors.length ? <FaultList faults={problem.errors} onJump={jump} /> : <Failure problem={problem} retry={again} /> : verdict && <div class={busy ? "dimmed" : ""}>
          {text ? <p class={verdict.ok ? "fine" : "wrong"}><Icon name={verdict.ok ? "ok" : "bad"} /> {verdict.ok ? "It is valid." : plural(verdict.faults.filter((f) => f.severity !== "warn").length, "problem") + "."}</p> : <p class="muted">Nothing to check.</p>}
          <FaultList faults={verdict.faults} onJump={jump} />
          {text && <Takes v={verdict} />}</div>}
        {base && <><h3>Difference</h3><DiffView lines={change} label="Difference to the file" /></>}
      </aside>
    </div>
    <div class="applybar" data-on={dirty ? "" : undefined}>
      <span>{!dirty ? "No changes." : c.writable ? "Nothing of it counts yet." : "Take the patch."}</span><span class="grow" />
      <button type="button" disabled={!dirty} onClick={() => { setText(base); say({ text: "Your changes are gone.", undo: () => setText(text) }); }}>Discard</button>
      {base && (dirty ? <span class="patch"><Copy text={patch(change, name)} label="Copy the patch">Patch</Copy></span> : <button type="button" disabled>Patch</button>)}
      {c.writable && <button type="button" class="solid" disabled={!dirty || !good} onClick={() => setApplying(true)}>Apply…</button>}
    </div>
    {applying && <Apply c={c} text={text} onClose={() => setApplying(false)} onDone={reload} change={change} verdict={verdict!} />}
  </>;
}

// judge asks by way of a comparison, which knows what placeholders of secrets
// stand for; an older gateway shows no text of its file, and so no placeholders.
async function judge(text: string, c: Config): Promise<Verdict> {
  if (!c.file?.text) return call<Verdict>("POST", "/config/validate", { text });
  const d = await call<Omit<Verdict, "ok">>("POST", "/config/diff", { from: "now", text });
  return { ...d, ok: !d.faults.some((f) => f.severity !== "warn") };
}

// useVerdict asks what would become of a text, a moment after it was typed.
function useVerdict(text: string, c: Config) {
  const [state, setState] = useState<{ verdict: Verdict | null; problem: Problem | null; busy: boolean }>({ verdict: null, problem: null, busy: false });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!text) return setState({ verdict: null, problem: null, busy: false });
    let mine = true;
    setState((s) => ({ ...s, busy: true }));
    const timer = setTimeout(() => judge(text, c).then(
      (verdict) => mine && setState({ verdict, problem: null, busy: false }), (problem) => mine && setState({ verdict: null, problem, busy: false })), 600);
    return () => { mine = false; clearTimeout(timer); };
  }, [text, c.etag, turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}

function Editor({ text, onInput, el, marks }: { text: string; onInput: (t: string) => void; el: { current: HTMLTextAreaElement | null }; marks: number[] }) {
  const gutter = useRef<HTMLDivElement>(null);
  const lines = text.split("\n").length;
  const set = new Set(marks);
  return <div class="editor">
    <div class="gutter" ref={gutter} aria-hidden="true">{Array.from({ length: lines }, (_, i) => <div key={i} class={set.has(i + 1) ? "marked" : ""}>{i + 1}</div>)}</div>
    <textarea ref={el} aria-label="Text of the configuration" spellcheck={false} autocomplete="off" wrap="off" rows={28} value={text}
      onInput={(e) => onInput(e.currentTarget.value)} onScroll={(e) => { if (gutter.current) gutter.current.scrollTop = e.currentTarget.scrollTop; }} /></div>;
}

interface Applying { c: Config; text: string; change: ReturnType<typeof diff>; verdict: Verdict; onClose: () => void; onDone: () => void }

function Apply({ c, text, change, verdict, onClose, onDone }: Applying) {
  const [reason, setReason] = useState("");
  const work = () => ask<{ changed: string[]; restart: string[]; version?: string }>("POST", "/config/apply", { text, reason }, { "If-Match": c.etag ?? "*" }).then(({ data }) => {
    onDone();
    say({ text: `The configuration is ${data.version ?? "another one"} now.` + (data.restart.length ? " After a restart: " + data.restart.join(", ") + "." : "") });
  });
  return <FormDialog title={`Write and apply ${c.file?.path ?? "it"}?`} verb="Apply" onClose={onClose} work={work} tools={<Curl method="POST" path="/config/apply" body={{ text, reason }} match={c.etag ?? "*"} cli="config apply FILE" />}>{(problem) => <>
    {problem && problem.errors.length > 0 && <FaultList faults={problem.errors} />}
    <DiffView lines={change} label="What changes" /><Takes v={verdict} />
    <p class="muted">If it is refused, the file stays as it is. The text of now stays among the versions.</p>
    <Reason value={reason} onInput={setReason} /></>}</FormDialog>;
}
