// The affinity, and a draft of another one that somebody works on.
import { signal } from "@preact/signals";

export interface HTTPSource { source: string; name: string }
export interface Exclude { users?: string[]; pattern?: string; networks?: string[] }
export interface SIPSource { source: string; exclude?: Exclude }
export interface Affinity {
  leader: string; http: HTTPSource[]; sip: SIPSource[];
  route: { delimiter: string; query: string; anyCase: boolean }; instance: boolean; maxKeys: number; ttl: { idle: string; max: string };
}
export interface Said { at: string; actor: string; reason?: string }
export interface InForce { affinity: Affinity; origin: string; said?: Said; configured?: Affinity }

// Draft remembers which version it was made from, so that a change by somebody
// else meanwhile is noticed.
export interface Draft { affinity: Affinity; etag: string; from: Affinity }

export const draft = signal<Draft | null>(null);

export const copy = (a: Affinity): Affinity => structuredClone(a);
export const equal = (a: Affinity, b: Affinity) => lines(a).join("\n") === lines(b).join("\n");

// lines writes it as the configuration does.
export function lines(a: Affinity): string[] {
  const text = (s: string) => (/^[\w.:+-]+$/.test(s) ? s : JSON.stringify(s));
  const list = (name: string, all?: string[]) => (all?.length ? [`${name}: [${all.map(text).join(", ")}]`] : []);
  const source = (s: SIPSource) => {
    const x = s.exclude ?? {};
    const parts = [...list("users", x.users), ...(x.pattern ? ["pattern: " + JSON.stringify(x.pattern)] : []), ...list("networks", x.networks)];
    return ["    - source: " + text(s.source), ...(parts.length ? ["      exclude: {" + parts.join(", ") + "}"] : [])];
  };
  return [
    "affinity:", "  leader: " + a.leader,
    a.http.length ? "  http:" : "  http: []", ...a.http.map((s) => `    - {source: ${s.source}, name: ${text(s.name)}}`),
    a.sip.length ? "  sip:" : "  sip: []", ...a.sip.flatMap(source),
    "  route:", "    delimiter: " + a.route.delimiter, `    query: ${a.route.query ? text(a.route.query) : '""'}`, "    anyCase: " + a.route.anyCase,
    "  instance: " + a.instance, "  maxKeys: " + a.maxKeys,
    "  ttl:", "    idle: " + a.ttl.idle, "    max: " + a.ttl.max,
  ];
}

// Can is a place where a key may be found, as GET /affinity/sources says.
export interface Can { source: string; named: boolean; description: string; seen?: { name: string; share: number }[] }
export interface Cans { http: Can[]; sip: Can[] }

// usual stands for the answer of a gateway that does not tell.
export const usual: Cans = {
  http: [
    { source: "query", named: true, description: "parameter of the URL" }, { source: "cookie", named: true, description: "session cookie, and ;jsessionid= in the path" },
    { source: "header", named: true, description: "header of the request" }],
  sip: [
    { source: "call-id", named: false, description: "Call-ID" }, { source: "from.user", named: false, description: "user of From: the caller" }, { source: "to.user", named: false, description: "user of To: the callee" },
    { source: "from.aor", named: false, description: "user and host of From" }, { source: "to.aor", named: false, description: "user and host of To" }, { source: "header:", named: true, description: "header of the message" }],
};
