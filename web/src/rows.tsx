// The lines of a timeline as rows of a table.
import { Event, Passed } from "./api";
import { Badge, Icon, NodeChip, Rule, Scroll } from "./parts";
import { ends, evidence, isPassed, label, Line, outcome, told, wrong } from "./trail";
import { absolute, clock, num } from "./words";

export function LineTable({ rows, caption, picked, onPick }: { rows: Line[]; caption: string; picked?: Line | null; onPick?: (x: Line) => void }) {
  const pick = (x: Line) => onPick && (() => onPick(x));
  return <Scroll label={caption}><table class={"list timeline" + (onPick ? " hover" : "")}><caption class="hidden">{caption}</caption>
    <thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Node</th><th scope="col">Rule</th><th scope="col">Evidence</th></tr></thead>
    <tbody>{rows.map((x, i) => isPassed(x) ? <PassedRow key={i} m={x} here={x === picked} onPick={pick(x)} /> : <EventRow key={i} e={x} here={x === picked} onPick={pick(x)} />)}</tbody></table></Scroll>;
}

interface Row { here: boolean; onPick?: () => void }

function When({ at, onPick }: { at: string; onPick?: () => void }) {
  const time = <time title={absolute(at)}>{clock(at)}</time>;
  return onPick ? <button type="button" class="link mono" onClick={onPick}>{time}</button> : time;
}

function PassedRow({ m, here, onPick }: Row & { m: Passed }) {
  const [from, to] = ends(m);
  return <tr class={m.type + (wrong(m) ? " failed" : "") + (here ? " here" : "")} onClick={onPick}>
    <td class="mono"><When at={m.at} onPick={onPick} /></td>
    <td><span class={"leg " + m.proto}>{m.proto.toUpperCase()}</span> {m.type === "exchange" ? label(m) : <><b>{label(m)}</b> <span class="muted">{from} → {to}</span></>}</td>
    <td>{m.node ? <NodeChip name={m.node} plain /> : <span class="muted">{m.type === "exchange" ? "gateway" : ""}</span>}</td>
    <td>{m.type === "exchange" ? outcome(m) : ""}</td>
    <td class="muted">{[m.transport?.toUpperCase(), m.peer, m.kept ? "text kept" : ""].filter(Boolean).join(" ")}</td></tr>;
}

function EventRow({ e, here, onPick }: Row & { e: Event }) {
  const what = e.type === "moved" ? "moved" : e.type === "learned" ? told(e) : e.kind === "within" ? "in dialog" : e.kind === "same" ? "CANCEL or ACK" : "request";
  return <tr class={e.type + (e.failed ? " failed" : "") + (here ? " here" : "")} onClick={onPick}>
    <td class="mono"><When at={e.at} onPick={onPick} />{e.count > 1 && <span class="times" title={"until " + (e.until ? clock(e.until) : "")}>×{num(e.count)}</span>}</td>
    <td>{e.proto && <span class={"leg " + e.proto}>{e.proto.toUpperCase()}</span>} {e.type === "moved" && <Icon name="move" />}{what}</td>
    <td>{e.from && <><NodeChip name={e.from} plain /> → </>}{e.node ? <NodeChip name={e.node} plain /> : <Badge word="bad" text="refused" />}</td>
    <td><Rule code={e.rule} />{e.guest && <Badge word="degraded" text="guest" />}{e.moved && e.type !== "moved" && <Badge word="moved" text="moved it" />}</td>
    <td class="evidence">{evidence(e).map((k, i) => <span key={i} class={"key " + k.look} title={k.title}><b>{k.name}</b>{k.text}</span>)}{!!e.more && <span class="muted">+{e.more}</span>}</td></tr>;
}
