// What lists are narrowed with.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";
import { Empty, Failure } from "./parts";

interface Of { name: string; label: string; value: string; onChange: (v: string) => void }

// Box takes effect when somebody stops typing.
export function Box({ name, label, value, onChange, wide }: Of & { wide?: boolean }) {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (t: string) => {
    setText(t);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onChange(t.trim()), 350);
  };
  return <input class={"box" + (wide ? " wideBox" : "")} type="search" name={name} aria-label={label} placeholder={label} value={text} maxLength={200} onInput={(e) => type(e.currentTarget.value)} />;
}

export function Choice({ name, label, value, choices, onChange }: Of & { choices: [string, string][] }) {
  return <select name={name} aria-label={label} value={value} onChange={(e) => onChange(e.currentTarget.value)}>{choices.map(([v, t]) => <option key={v} value={v}>{t}</option>)}</select>;
}

// absent tells whether a gateway of an older version was asked.
export const absent = (p: Problem) => p.status === 404 || p.status === 405;

// Missing says that a gateway of an older version lacks something, where that
// is the trouble, and else what the trouble is.
export function Missing({ problem, what, retry }: { problem: Problem; what: string; retry: () => void }) {
  if (!absent(problem)) return <Failure problem={problem} retry={retry} />;
  return <Empty title={"This gateway does not have " + what}>Its version is older than this page. <button type="button" class="plain" onClick={retry}>Look again</button></Empty>;
}
