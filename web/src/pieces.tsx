// Pieces that the screens of operators and admins are made of.
import { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "./api";
import { may, say } from "./state";
import { Dialog, Failure } from "./parts";

// needs says which role a control wants, when who looks at it has less.
export const needs = (role: string, text = "") => (may(role) ? text : "needs the role " + role);

export const failed = (p: Problem) => say({ text: p.message + ". " + p.detail, bad: true });

// useSubmit runs one call at a time and keeps what went wrong with it.
export function useSubmit() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (p) {
      if (!(p instanceof Problem)) throw p;
      setProblem(p);
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run, setProblem };
}

export interface Tab { id: string; name: string; role?: string; note?: ComponentChildren }

// Tabs are links: each has an address of its own, and Back leads back.
export function Tabs({ tabs, here, base, label }: { tabs: Tab[]; here: string; base: string; label: string }) {
  return <nav class="subtabs" aria-label={label}>{tabs.map((t) =>
    t.role && !may(t.role) ? <span key={t.id} class="off" title={needs(t.role)}>{t.name}</span>
      : <a key={t.id} href={"#/" + base + (t.id ? "/" + t.id : "")} aria-current={here === t.id ? "page" : undefined}>{t.name}{t.note}</a>)}</nav>;
}

// Wrong shows the faults of one field.
export function Wrong({ problem, field }: { problem: Problem | null; field: string }) {
  const faults = problem?.errors.filter((x) => x.pointer === "#/" + field) ?? [];
  return <>{faults.map((f) => <span class="wrong" role="alert" key={f.message}>{f.message}{f.hint && "; " + f.hint}</span>)}</>;
}

interface Form {
  title: string; verb: string; danger?: boolean; can?: boolean; tools?: ComponentChildren;
  onClose: () => void; work: () => Promise<unknown>; children?: ComponentChildren | ((p: Problem | null) => ComponentChildren);
}

// FormDialog asks for a few words and does one thing. It stays open when that
// is refused, and closes when it is done.
export function FormDialog({ title, verb, danger, can = true, tools, onClose, work, children }: Form) {
  const { busy, problem, run } = useSubmit();
  const submit = (e: Event) => {
    e.preventDefault();
    run(() => work().then(onClose));
  };
  return <Dialog title={title} onClose={onClose}>
    <form onSubmit={submit}>
      {problem && !problem.errors.length && <Failure problem={problem} />}
      {typeof children === "function" ? children(problem) : children}
      <div class="buttons">{tools}<span class="grow" />
        <button type="button" onClick={onClose}>Cancel</button>
        <button type="submit" class={danger ? "danger solid" : "solid"} disabled={busy || !can}>{verb}</button></div>
    </form></Dialog>;
}
