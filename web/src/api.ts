// The admin's JSON API: its shapes, and one way to call it.

export interface Check { state: string; since?: string; changes: number; why?: string; at?: string; next?: string; ok: boolean; code?: number; detail?: string; tookMs?: number }
export interface Member { name: string; activation: string; route: string; domain?: string; redirect?: string; weight: number; distance: number; state?: string; elected: number; busy: number; errors: number; value: number;
  busyLimit?: number; mult?: number; created?: number; clientErrors?: number; replyTimeouts?: number; sent?: number; read?: number; maxBusy?: number; reset?: string; errorAt?: string }
export interface Announced { by: string; incarnation?: string; since?: string; last?: string; heartbeats: number; hostName?: string; instance?: string; draining: boolean; ports: Record<string, number>; health?: string; load?: { weight: number; load: number; free: number } }
export interface Node {
  name: string; route: string; domain?: string; redirect?: string; activation: string;
  health: Record<string, string>; addresses: Record<string, string>; checks: Record<string, Check>;
  weight: number; distance: number; pools: Member[]; sessions: number; calls: number;
  running: number; served: number; failed: number; rate: number; share: number; target: number; gen?: number; version?: number; announced?: Announced;
}
export interface History { stepMs: number; http: number[]; sip: number[]; sessions: number[]; calls: number[]; moves: number[]; errors: number[] }
export interface Traffic { stepMs: number; begin?: string; nodes: string[]; http: Record<string, number[]>; sip: Record<string, number[]> }
export interface Occurrence { at: string; count?: number; type: string; node?: string; from?: string; session?: string; service?: string; was?: string; is?: string; words?: string; rule?: string; actor?: string; reason?: string }
export interface Overview {
  at: string; class: string; cause?: string; leader: string; ready: boolean; uptimeMs: number;
  sessions: { total: number; keys: number; maxKeys: number; overflow: boolean }; calls: number;
  rates: { http: number; sip: number; moves: number; errors: number }; sticky: number;
  moves: Record<string, number>; rules: { http: Record<string, number>; sip: Record<string, number> };
  nodes: Node[]; history?: History; recent: Occurrence[]; config?: { version: string; hash: string }; insecure?: boolean;
}
export interface Key { space: string; value: string; node?: string; moved?: boolean; route?: string; setBy?: string; realm?: number }
export interface Session {
  id: string; node: string; split: boolean; anonymous: boolean; moved: boolean; left?: string[]; rev: number;
  legs: { http: number; sip: number }; keys: Key[]; born: string; seen: string; expires?: string; rule?: string; // of the last decision that is remembered
}
export interface Step { rule: string; result: string; detail?: string; node?: string; key?: Key }
export interface Why { title?: string; proto: string; kind: string; node?: string; rule: string; keys: (Key & { source: string; known: boolean; session?: string })[]; steps: Step[] }
export interface Event {
  at: string; until?: string; count: number; type: string; proto?: string; kind?: string; session?: string; node?: string; from?: string; rule: string;
  guest?: boolean; moved?: boolean; failed?: boolean; hint?: { source: string; text: string }; keys?: { space: string; source: string; verb?: string; text: string }[]; more?: number;
}
// Passed is a SIP message, or an HTTP exchange, of a session.
export interface Passed {
  at: string; type: "message" | "exchange"; proto: string; n: number; direction: "in" | "out"; side: "client" | "node"; node?: string;
  method: string; status?: number; cseq?: number; path?: string; peer?: string; local?: string; transport?: string; size?: number; tookMs?: number;
  kept?: boolean; twin?: number; // whether it has a text; the number of the message that came for it, or left for it
}
export interface Whole extends Passed { text?: string; answer?: string; texts?: { name: string; text: string }[] }
export interface Occurred { id: string; at: string; type: string; severity: string; text: string; node?: string; service?: string; session?: string; actor?: string; reason?: string; count?: number }
export interface Detail extends Session { why: Why[]; timeline: Event[]; moves: Event[] }
export interface Page<T> { items: T[]; nextCursor?: string; total: { value: number; relation: string }; match?: string }
export interface Me { name: string; role: string; via: string; expires?: string; insecure?: boolean }
export interface Impact { node: Node; sessions: number; calls: number; left: Record<string, number>; last: boolean; alone?: string[] }
export interface Held { sessions: number; calls: number; requests: number }
export interface Operation { id: string; kind: string; node: string; stop: boolean; state: string; why?: string; by?: string; reason?: string; total: Held; remaining: Held; startedAt: string; endedAt?: string; tookMs: number }
export interface SIPLimits {
  bans: { source: string; until: string; dropped: number }[]; banned: number; sources: number; scanners: { word: string; hits: number }[]; shed: Record<string, number>;
  pending: { live: number; max: number; opened: number; stateless: number; left: Record<string, number>; answers: Record<string, number> };
  connections: { listener: string; open: number; accepted: number; dialled: number; refused: number; timedOut: number; garbled: number }[];
}
export interface Limits { at: string; sip?: SIPLimits }
export interface Version { product: string; version: string; go: string; instance: string; startedAt: string }

// Fault is one thing that is wrong, with its place in what was sent or in a file.
export interface Fault { pointer?: string; place?: string; severity?: string; message: string; hint?: string }

// Problem is an answer of application/problem+json, or what stands for one
// when there was no answer at all.
export class Problem extends Error {
  status: number; detail: string; requestId?: string; setup?: boolean; errors: Fault[];
  constructor(status: number, title: string, body: Partial<Problem> = {}) {
    super(title);
    this.status = status;
    this.detail = body.detail ?? "";
    this.requestId = body.requestId;
    this.setup = body.setup;
    this.errors = body.errors ?? [];
  }
}

// onStranger is called when the API says that nobody is logged in.
export const hooks: { onStranger: (p: Problem) => void } = { onStranger: () => {} };

// Answer is what came, with the ETag by which a change of it says what it knew.
export interface Answer<T> { data: T; etag: string; status: number }

export async function ask<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
  const init: RequestInit = { method, headers: { Accept: "application/json", ...headers }, credentials: "same-origin" };
  if (method !== "GET") {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body ?? {});
  }
  let answer: Response;
  try {
    answer = await fetch("/api/v1" + path, init);
  } catch {
    throw new Problem(0, "The gateway does not answer", { detail: "It may be restarting. This page keeps trying." });
  }
  const text = await answer.text();
  let data: any = {};
  try {
    data = !text ? {} : answer.headers.get("Content-Type")?.startsWith("application/jsonl") ? text : JSON.parse(text);
  } catch {
    throw new Problem(answer.status, "The answer cannot be read", { detail: "Something between this page and the gateway may have changed it." });
  }
  if (answer.ok) return { data: data as T, etag: answer.headers.get("ETag") ?? "", status: answer.status };
  const problem = new Problem(answer.status, data.title ?? "Error " + answer.status, data);
  if (answer.status === 401 && !path.startsWith("/auth/")) hooks.onStranger(problem);
  throw problem;
}

export const call = <T>(method: string, path: string, body?: unknown): Promise<T> => ask<T>(method, path, body).then((a) => a.data);
export const get = <T>(path: string) => call<T>("GET", path);
