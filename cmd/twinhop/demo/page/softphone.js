// One SIP user agent of the page: registers over a WebSocket, calls, answers by itself, and measures what it hears.
import { UA, WebSocketInterface } from "./jssip.js";

// Nobody but the two of this page exchanges media, so nobody is asked for addresses.
const pcConfig = { iceServers: [] };

let context = null;

// audio is where tones are made. A browser lets it run after a press of a button only.
export function audio() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  return context;
}

// tone is a stream with a soft pulsing tone; play.echo(stream) adds what comes in, half a second later, and stills the tone.
function tone(hertz) {
  const ctx = audio();
  const out = ctx.createMediaStreamDestination();
  const voice = new OscillatorNode(ctx, { frequency: hertz });
  const volume = new GainNode(ctx, { gain: 0.12 });
  const pulse = new OscillatorNode(ctx, { frequency: 1.5 });
  const depth = new GainNode(ctx, { gain: 0.1 });
  voice.connect(volume).connect(out);
  pulse.connect(depth).connect(volume.gain);
  voice.start();
  pulse.start();
  return {
    stream: out.stream,
    echo(stream) {
      volume.disconnect();
      ctx.createMediaStreamSource(stream).connect(new DelayNode(ctx, { delayTime: 0.5, maxDelayTime: 1 })).connect(new GainNode(ctx, { gain: 0.7 })).connect(out);
    },
    stop() {
      voice.stop();
      pulse.stop();
      out.stream.getTracks().forEach((t) => t.stop());
    },
  };
}

// instance names the device across reloads of the tab (RFC 5626): a new registration then takes the place of the old one.
function instance(user) {
  try {
    const known = sessionStorage.getItem("instance " + user);
    if (known) return known;
    const made = crypto.randomUUID();
    sessionStorage.setItem("instance " + user, made);
    return made;
  } catch {
    return undefined; // the library makes one up
  }
}

const silence = () => ({ packets: 0, energy: 0, level: 0 });
const samples = new Float32Array(2048);

export class Softphone {
  // who is "visitor" or "agent"; user its SIP name; session names the page's application session; tell(text, bad) notes what happened; changed() is called whenever the state has changed.
  constructor({ who, user, session, url, hertz, tell, changed }) {
    Object.assign(this, { who, user, url, hertz, tell, changed });
    this.connected = this.registered = false;
    this.problem = ""; // why it is not registered
    this.session = null; // the call in progress
    this.talking = false;
    this.heard = silence();
    this.tries = 0; // to register where the page is
    this.repeats = false; // answers with what it hears
    this.speaker = new Audio();
    this.speaker.autoplay = true;
    this.speaker.muted = true;
    const host = new URL(url).host;
    this.ua = new UA({
      sockets: [new WebSocketInterface(url)], uri: `sip:${user}@${host}`, instance_id: instance(user), register_expires: 120, session_timers: false,
      extra_headers: [`X-Demo-Session: ${session}`], connection_recovery_min_interval: 1, connection_recovery_max_interval: 5, user_agent: "twinhop demo page",
    });
    this.host = host;
    this.ua.on("connected", () => this.is({ connected: true, problem: "" }));
    this.ua.on("disconnected", () => this.is({ connected: false, registered: false, problem: "no WebSocket" }));
    this.ua.on("registered", () => this.is({ registered: true, problem: "" }));
    this.ua.on("unregistered", () => this.is({ registered: false }));
    this.ua.on("registrationFailed", (e) => this.is({ registered: false, problem: e.response ? `${e.response.status_code} ${e.response.reason_phrase}` : e.cause }));
    this.ua.on("newRTCSession", (e) => this.#begin(e));
    this.ua.start();
  }

  is(state) {
    Object.assign(this, state);
    this.changed();
  }

  register() {
    if (this.connected) this.ua.register();
  }

  // call calls another user of the page, with a stream of its own or with the tone.
  call(user, stream) {
    this.own = stream ? { stream, stop: () => stream.getTracks().forEach((t) => t.stop()) } : tone(this.hertz);
    this.ua.call(`sip:${user}@${this.host}`, { mediaStream: this.own.stream, pcConfig });
  }

  hangUp() {
    if (this.session && !this.session.isEnded()) this.session.terminate();
  }

  // nudge sends a message within the call: its node answers.
  nudge() {
    if (!this.talking || this.nudged) return;
    this.nudged = true;
    const done = () => { this.nudged = false; this.changed(); };
    this.session.sendInfo("text/plain", "still there", { eventHandlers: { succeeded: done, failed: done } });
  }

  #begin({ originator, session }) {
    if (this.session) {
      session.terminate({ status_code: 486 });
      return;
    }
    this.session = session;
    this.heard = silence();
    session.on("peerconnection", ({ peerconnection }) => this.#wire(peerconnection));
    if (session.connection) this.#wire(session.connection);
    session.on("confirmed", () => this.#talk());
    session.on("ended", (e) => this.#end(e.originator === "remote" ? "a BYE from the node ended the call" : "hung up", false));
    session.on("failed", (e) => {
      const said = e.message && e.message.status_code ? `${e.message.status_code} ${e.message.reason_phrase}` : e.cause;
      this.#end(`no call: ${said}`, e.cause !== "Canceled" && e.cause !== "Terminated");
    });
    if (originator === "remote") {
      this.own = tone(this.hertz);
      session.answer({ mediaStream: this.own.stream, pcConfig });
    }
    this.changed();
  }

  #wire(connection) {
    this.connection = connection;
    connection.addEventListener("track", ({ track, streams }) => {
      const stream = streams[0] || new MediaStream([track]);
      this.speaker.srcObject = stream; // muted where nobody listens: a stream that plays nowhere is not decoded
      this.speaker.play().catch(() => {});
      this.ear = new AnalyserNode(audio(), { fftSize: samples.length });
      audio().createMediaStreamSource(stream).connect(this.ear);
      if (this.repeats) this.own.echo(stream);
    });
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "connected") this.tell(`${this.who}: sound can flow`);
      if (connection.connectionState === "failed") this.tell(`${this.who}: the call stands, but no sound gets through: this browser or a firewall keeps WebRTC from it`, true);
    });
  }

  #talk() {
    this.talking = true;
    this.timer = setInterval(() => this.#measure(), 250);
    this.changed();
  }

  async #measure() {
    const stats = await this.connection.getStats().catch(() => []);
    stats.forEach((s) => {
      if (s.type !== "inbound-rtp" || s.kind !== "audio") return;
      this.heard.packets = s.packetsReceived || 0;
      this.heard.energy = s.totalAudioEnergy || 0; // of what is played aloud
    });
    if (this.ear) {
      this.ear.getFloatTimeDomainData(samples);
      this.heard.level = Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
    }
    this.changed();
  }

  #end(text, bad) {
    clearInterval(this.timer);
    this.own?.stop();
    this.own = this.session = this.connection = this.ear = null;
    this.talking = this.nudged = this.repeats = false;
    this.speaker.srcObject = null;
    this.tell(`${this.who}: ${text}`, bad);
    this.changed();
  }
}
