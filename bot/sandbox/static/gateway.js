// The gateway socket: identify, heartbeat, resume after a break, and pause longer before each new try.

import { locale } from "./language.js";

const DISPATCH = 0, HEARTBEAT = 1, IDENTIFY = 2, RESUME = 6, RECONNECT = 7, INVALID = 9, HELLO = 10;
const LONGEST_PAUSE = 10000;

export class Gateway extends EventTarget {
  constructor(token) {
    super();
    this.token = token;
    this.session = null;
    this.sequence = 0;
    this.failures = 0;
    this.isClosed = false;
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/gateway?v=9&encoding=json`);
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = () => this.lost();
    this.socket.onopen = () => this.introduce();
  }

  close() {
    this.isClosed = true;
    clearInterval(this.heart);
    clearTimeout(this.retry);
    this.socket?.close();
  }

  introduce() {
    if (this.session) this.send(RESUME, { token: this.token, session_id: this.session, seq: this.sequence });
    else this.send(IDENTIFY, { token: this.token, capabilities: 16381, properties: { browser: "Easel page", easel_locale: locale } });
  }

  take(frame) {
    if (frame.s) this.sequence = frame.s;
    if (frame.op === HELLO) this.beat(frame.d.heartbeat_interval);
    else if (frame.op === RECONNECT) this.socket.close();
    else if (frame.op === INVALID) this.restart(frame.d);
    else if (frame.op === DISPATCH) this.dispatch(frame.t, frame.d);
  }

  dispatch(name, data) {
    if (name === "READY") this.session = data.session_id;
    if (name === "READY" || name === "RESUMED") {
      this.failures = 0;
      this.state("online");
    }
    this.dispatchEvent(new CustomEvent("event", { detail: { name, data } }));
  }

  restart(canResume) {
    if (!canResume) this.session = null;
    this.introduce();
  }

  beat(interval) {
    clearInterval(this.heart);
    this.heart = setInterval(() => this.send(HEARTBEAT, this.sequence), interval);
  }

  lost() {
    clearInterval(this.heart);
    if (this.isClosed) return;
    this.state("reconnecting…");
    const pause = Math.min(LONGEST_PAUSE, 400 * 2 ** this.failures++);
    this.retry = setTimeout(() => this.connect(), pause);
  }

  send(op, d) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ op, d }));
  }

  state(text) {
    this.dispatchEvent(new CustomEvent("state", { detail: text }));
  }
}
