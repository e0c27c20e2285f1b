// What a pasted message says about its session: the keys that a front would
// look for in it. The decision itself is the gateway's.

export interface Found { source: string; value: string }
export interface Pasted { title: string; kind: string; keys: Found[]; faults: { line: number; text: string }[] }
export interface Names { cookie: string; query: string; header: string }
export const usualNames: Names = { cookie: "JSESSIONID", query: "appsession", header: "" };

const appKey = "org.mobicents.servlet.sip.applicationsessionkey";
const maxValue = 1024;
const plain = (s: string) => { try { return decodeURIComponent(s); } catch { return s; } };
const nothing = (line: number, text: string): Pasted => ({ title: "", kind: "open", keys: [], faults: [{ line, text }] });

function collect(): { keys: Found[]; add: (source: string, value: string) => void } {
  const keys: Found[] = [];
  return { keys, add: (source, value) => { if (value && value.length <= maxValue && keys.length < 12 && !keys.some((k) => k.source === source && k.value === value)) keys.push({ source, value }); } };
}

// words splits a command line as a POSIX shell does: quotes, backslashes,
// lines that go on.
export function words(text: string): string[] {
  const list: string[] = [];
  let word = "", open = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "\\" && i + 1 < text.length) { i++; if (text[i] !== "\n") { word += text[i]; open = true; } }
    else if (c === "'" || c === '"') {
      open = true;
      for (i++; i < text.length && text[i] !== c; i++) word += c === '"' && text[i] === "\\" && '"\\$`'.includes(text[i + 1] ?? "") ? text[++i] : text[i];
    } else if (/\s/.test(c)) { if (open) list.push(word); word = ""; open = false; }
    else { word += c; open = true; }
  }
  if (open) list.push(word);
  return list;
}

interface Head { method: string; target: string; fields: [string, string][]; faults: Pasted["faults"] }

function curl(text: string): Head {
  const h: Head = { method: "GET", target: "", fields: [], faults: [] };
  const list = words(text).slice(1);
  const field = (s: string) => { const at = s.indexOf(":"); if (at > 0) h.fields.push([s.slice(0, at).trim().toLowerCase(), s.slice(at + 1).trim()]); };
  const valued = /^(-[AdeFmoTuxEKUcrwCyYzQtPD]|--(data\S*|user|user-agent|referer|output|form|max-time|proxy|resolve|unix-socket|cacert|cert|key|connect-timeout|connect-to|cookie-jar|range|upload-file|write-out|json|retry|interface))$/;
  for (let i = 0; i < list.length; i++) {
    const [, flag, rest] = /^(-[HbX])(.+)$/.exec(list[i]) ?? [, list[i], undefined];
    const value = () => rest ?? list[++i] ?? "";
    if (flag === "-H" || flag === "--header") field(value());
    else if (flag === "-b" || flag === "--cookie") { const v = value(); if (v.includes("=")) h.fields.push(["cookie", v]); }
    else if (flag === "-X" || flag === "--request") h.method = value();
    else if (flag === "--url") h.target = value();
    else if (valued.test(flag!)) i++;
    else if (!flag!.startsWith("-") && !h.target) h.target = flag!;
  }
  if (!h.target) h.faults.push({ line: 1, text: "no URL in this command" });
  return h;
}

// head reads a URL, a URL with header lines below it, or a whole request.
function head(text: string): Head {
  const lines = text.split(/\r?\n/);
  const request = /^([A-Z][A-Z-]*)\s+(\S+)(\s+HTTP\/[\d.]+)?\s*$/.exec(lines[0]);
  const h: Head = { method: request?.[1] ?? "GET", target: request?.[2] ?? lines[0].trim(), fields: [], faults: [] };
  if (/\s/.test(h.target)) h.faults.push({ line: 1, text: "neither a URL nor a request line" });
  for (let i = 1; i < lines.length && lines[i].trim(); i++) {
    const m = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*?)\s*$/.exec(lines[i]);
    if (m) h.fields.push([m[1].toLowerCase(), m[2]]);
    else h.faults.push({ line: i + 1, text: "not a header: name, colon, value" });
  }
  return h;
}

// readHTTP finds the keys of a request. routes are those that nodes have: of
// several session ids the first that leads to a node counts, as in the front.
export function readHTTP(text: string, names: Names, routes: string[]): Pasted {
  text = text.trim();
  if (!text) return nothing(0, "");
  const h = /^curl\s/.test(text) ? curl(text) : head(text);
  const target = h.target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, "").replace(/#.*$/, "") || "/";
  const [path, query = ""] = [target.split("?", 1)[0], target.includes("?") ? target.slice(target.indexOf("?") + 1) : ""];
  const { keys, add } = collect();
  const app = new RegExp(";" + appKey.replaceAll(".", "\\.") + "=([^;/?]*)", "i").exec(path);
  if (app) add("application-session-key", plain(app[1]));
  const values = [...new URLSearchParams(query)].filter(([k]) => k === names.query).map(([, v]) => v);
  if (values.length === 1) add("query", values[0]);
  const own = h.fields.filter(([k]) => names.header && k === names.header.toLowerCase());
  if (own.length === 1) add("header", own[0][1]);
  const ids: Found[] = [];
  const inPath = /;jsessionid=([^;/?]*)/i.exec(path);
  if (inPath) ids.push({ source: "path", value: plain(inPath[1]) });
  for (const [k, v] of h.fields)
    if (k === "cookie") for (const part of v.split(";")) {
      const at = part.indexOf("=");
      if (at > 0 && part.slice(0, at).trim() === names.cookie) ids.push({ source: "cookie", value: part.slice(at + 1).trim().replace(/^"(.*)"$/, "$1") });
    }
  const id = ids.find((x) => routes.includes(x.value.slice(x.value.indexOf(".") + 1)) && x.value.includes(".")) ?? ids[0];
  if (id) add(id.source, id.value);
  return { title: h.method + " " + path.replace(/;.*$/, ""), kind: "open", keys, faults: h.faults };
}

const short: Record<string, string> = { f: "from", t: "to", i: "call-id", v: "via", m: "contact" };

// party reads a From or To value: user, address and tag.
function party(text: string) {
  const value = text.replace(/"(?:[^"\\]|\\.)*"/g, ""); // display names may hold anything
  const uri = /<([^>]*)>/.exec(value)?.[1] ?? value.split(";", 1)[0].trim();
  const m = /^(sips?|tel):(?:([^@;?]*?)(?::[^@;?]*)?@)?([^;?>:]*)/i.exec(uri);
  const user = plain(m?.[1].toLowerCase() === "tel" ? m[3] : m?.[2] ?? "");
  const host = (m?.[3] ?? "").toLowerCase();
  const tail = value.includes("<") ? value.slice(value.indexOf(">") + 1) : value;
  const named = !!user && user.toLowerCase() !== "anonymous" && host !== "anonymous.invalid";
  return { ok: !!m, user: named ? user : "", aor: named && m?.[1].toLowerCase() !== "tel" ? user + "@" + host : "", tag: /;\s*tag\s*=\s*([^;\s]+)/i.exec(tail)?.[1] ?? "" };
}

// readSIP finds the keys of a SIP request.
export function readSIP(text: string): Pasted {
  const lines = text.replace(/^\s+/, "").split(/\r?\n/);
  if (!lines[0]) return nothing(0, "");
  if (/^SIP\/2\.0\s/.test(lines[0])) return nothing(1, "an answer: it goes back along the Via of its request, nothing is decided");
  const start = /^([A-Z]+) (\S+) SIP\/2\.0\s*$/.exec(lines[0]);
  if (!start) return nothing(1, "not a request line: METHOD sip:… SIP/2.0");
  const faults: Pasted["faults"] = [], fields = new Map<string, { value: string; line: number }>();
  let last = "";
  for (let i = 1; i < lines.length && lines[i].trim(); i++) {
    const m = /^([\w.!%*+`'~-]+)\s*:\s*(.*?)\s*$/.exec(lines[i]);
    if (/^[ \t]/.test(lines[i]) && last) fields.get(last)!.value += " " + lines[i].trim();
    else if (!m) faults.push({ line: i + 1, text: "not a header: name, colon, value" });
    else {
      last = short[m[1].toLowerCase()] ?? m[1].toLowerCase();
      if (!fields.has(last)) fields.set(last, { value: m[2], line: i + 1 });
      else if (["from", "to", "call-id", "cseq"].includes(last)) faults.push({ line: i + 1, text: "a second " + m[1] });
    }
  }
  for (const name of ["From", "To", "Call-ID", "CSeq"]) if (!fields.get(name.toLowerCase())?.value) faults.push({ line: 1, text: "no " + name });
  const [from, to] = ["from", "to"].map((n) => party(fields.get(n)?.value ?? ""));
  for (const [name, p] of [["from", from], ["to", to]] as const) if (fields.has(name) && !p.ok) faults.push({ line: fields.get(name)!.line, text: "no SIP address here" });
  const { keys, add } = collect();
  const app = new RegExp(";" + appKey.replaceAll(".", "\\.") + "=([^;?>\\s]*)", "i").exec(start[2] + " " + (fields.get("route")?.value ?? ""));
  if (app) add("application-session-key", plain(app[1]));
  add("from.user", from.user);
  add("to.user", to.user);
  add("from.aor", from.aor);
  add("to.aor", to.aor);
  add("call-id", fields.get("call-id")?.value ?? "");
  return { title: start[1], kind: start[1] === "CANCEL" ? "same" : to.tag ? "within" : "open", keys, faults };
}

const lines = (...l: string[]) => l.join("\n") + "\n";
// templates are messages to begin with.
export const templates: Record<string, [string, string][]> = {
  http: [
    ["URL", "http://localhost:8080/shop?appsession=alice"],
    ["request", lines("GET /shop/cart HTTP/1.1", "Host: shop.example", "Cookie: JSESSIONID=3F9A11223344556677889900AABBCCC1.node1")],
    ["curl", "curl -b 'JSESSIONID=3F9A11223344556677889900AABBCCC1.node1' 'http://localhost:8080/shop?appsession=alice'"],
  ],
  sip: [
    ["INVITE", lines("INVITE sip:bob@biloxi.example SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK776asdhds", "Max-Forwards: 70", "From: Alice <sip:alice@atlanta.example>;tag=1928301774",
      "To: Bob <sip:bob@biloxi.example>", "Call-ID: a84b4c76e66710@pc33.atlanta.example", "CSeq: 314159 INVITE", "Contact: <sip:alice@192.0.2.17>", "Content-Length: 0")],
    ["REGISTER", lines("REGISTER sip:atlanta.example SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bKnashds7", "Max-Forwards: 70", "From: <sip:alice@atlanta.example>;tag=456248",
      "To: <sip:alice@atlanta.example>", "Call-ID: 843817637684230@998sdasdh09", "CSeq: 1826 REGISTER", "Contact: <sip:alice@192.0.2.17>", "Expires: 3600", "Content-Length: 0")],
    ["in-dialog BYE", lines("BYE sip:bob@192.0.2.4 SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bKnashds10", "Max-Forwards: 70", "From: Alice <sip:alice@atlanta.example>;tag=1928301774",
      "To: Bob <sip:bob@biloxi.example>;tag=a6c85cf", "Call-ID: a84b4c76e66710@pc33.atlanta.example", "CSeq: 314160 BYE", "Content-Length: 0")],
  ],
};
