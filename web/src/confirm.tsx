// Asking before something is done: what it would do, why it is done, and
// Cancel as the answer that is near.
import { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";
import { Command, Dialog, Failure, Same, Skeleton } from "./parts";

// Reason asks for the words that the audit keeps.
export function Reason({ value, onInput }: { value: string; onInput: (s: string) => void }) {
  return <label>Reason<input class="reason" value={value} maxLength={500} placeholder="kernel update, ticket 4711 …" onInput={(e) => onInput(e.currentTarget.value)} /></label>;
}

export interface Asked {
  title: string;
  verb: string; // of the button
  danger?: boolean;
  preview?: () => Promise<ComponentChildren>; // what a dry run says; the button waits for it
  about?: string; // what the preview is of: another one, and it is asked again
  typed?: string; // a word that must be typed
  same?: (reason: string) => Command;
  act: (reason: string) => Promise<unknown>;
  onClose: () => void;
  children?: ComponentChildren;
}

export function Confirm({ title, verb, danger, preview, about, typed, same, act, onClose, children }: Asked) {
  const [impact, setImpact] = useState<ComponentChildren>(null);
  const [ready, setReady] = useState(!preview);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [reason, setReason] = useState("");
  const [word, setWord] = useState("");
  const [busy, setBusy] = useState(false);
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  useEffect(() => {
    if (!preview) return;
    let over = false;
    setReady(false);
    setProblem(null);
    preview().then((shown) => {
      if (over) return;
      setImpact(shown);
      setReady(true);
    }, (p) => !over && setProblem(p));
    return () => { over = true; };
  }, [about]);
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await act(reason.trim());
      onClose();
    } catch (p) {
      setProblem(p as Problem);
      setBusy(false);
    }
  };
  return <Dialog title={title} onClose={onClose}>
    <form onSubmit={submit}>
      {children}
      {problem && <Failure problem={problem} />}
      {!ready && !problem ? <Skeleton rows={2} /> : impact}
      <Reason value={reason} onInput={setReason} />
      {typed && <label>Type <b>{typed}</b> to confirm<input value={word} autocomplete="off" onInput={(e) => setWord(e.currentTarget.value)} /></label>}
      <div class="buttons">
        {same && <Same {...same(reason.trim())} />}<span class="grow" />
        <button type="button" ref={cancel} onClick={onClose}>Cancel</button>
        <button type="submit" class={danger ? "danger solid" : "solid"} disabled={busy || !ready || (!!typed && word !== typed)}>{verb}</button>
      </div>
    </form>
  </Dialog>;
}
