// What code of sources finds around it, besides the language: the web platform's console, URL, text,
// timers, fetch and a part of crypto. Everything that needs the outside goes through `host`, which the
// code itself never sees. Answers the handles by which the host runs a call.
(function (host) {
  "use strict";

  // ── text and bytes
  const bytesOf = (source) => {
    if (source instanceof Uint8Array) return source;
    if (source instanceof ArrayBuffer) return new Uint8Array(source);
    if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
    throw new TypeError("an ArrayBuffer or a view of one is wanted");
  };
  class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text = "") { return host.utf8(String(text)); }
  }
  class TextDecoder {
    #fatal;
    constructor(label = "utf-8", { fatal = false } = {}) {
      if (!/^(utf-?8|unicode-1-1-utf-8)$/i.test(String(label).trim())) throw new RangeError(`the encoding ${label} is not known, only utf-8 is`);
      this.#fatal = fatal;
    }
    get encoding() { return "utf-8"; }
    get fatal() { return this.#fatal; }
    decode(bytes = new Uint8Array()) {
      const text = host.text(bytesOf(bytes), this.#fatal);
      if (text === undefined) throw new TypeError("the bytes are no UTF-8");
      return text.startsWith("\ufeff") ? text.slice(1) : text;
    }
  }
  const invalid = (message) => Object.assign(new Error(message), { name: "InvalidCharacterError" });
  const btoa = (text) => {
    const codes = Array.from(String(text), (c) => c.codePointAt(0));
    if (codes.some((code) => code > 255)) throw invalid("btoa takes characters up to U+00FF; encode others first");
    return host.base64(new Uint8Array(codes));
  };
  const atob = (text) => {
    const bytes = host.unbase64(String(text).replace(/[\t\n\f\r ]/g, ""));
    if (bytes === undefined) throw invalid("this is no base64");
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  };

  // ── console
  const shown = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return value.stack ? `${value}\n${value.stack}`.trimEnd() : String(value);
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return String(value);
    }
  };
  const says = (level) => (...words) => host.log(level, words.map(shown).join(" "));
  const console = { debug: says(1), trace: says(1), log: says(2), info: says(2), warn: says(3), error: says(4) };

  // ── timers
  const timers = new Map();
  let timer = 0;
  const start = (work, ms, again, args) => {
    if (typeof work !== "function") throw new TypeError("a function is wanted");
    const every = Math.max(again ? 1 : 0, Number(ms) || 0);
    timers.set(++timer, { at: host.now() + every, work: () => work(...args), every: again ? every : undefined });
    return timer;
  };
  const setTimeout = (work, ms = 0, ...args) => start(work, ms, false, args);
  const setInterval = (work, ms = 0, ...args) => start(work, ms, true, args);
  const stop = (id) => { timers.delete(id); };
  const due = () => {
    let first = -1;
    for (const { at } of timers.values()) if (first < 0 || at < first) first = at;
    return first < 0 ? -1 : Math.max(0, first - host.now());
  };
  const fire = () => {
    const now = host.now();
    const ready = [...timers].filter(([, one]) => one.at <= now).sort(([, a], [, b]) => a.at - b.at);
    for (const [id, one] of ready) {
      if (!timers.has(id)) continue;
      if (one.every === undefined) timers.delete(id);
      else one.at = now + one.every;
      one.work();
    }
  };

  // ── addresses
  class URLSearchParams {
    #pairs = [];
    #changed;
    constructor(init = "", changed = undefined) {
      this.#changed = changed;
      if (init instanceof URLSearchParams) this.#pairs = [...init];
      else if (typeof init === "object" && init !== null) {
        const pairs = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
        this.#pairs = pairs.map(([name, value]) => [String(name), String(value)]);
      } else this.#pairs = JSON.parse(host.readForm(String(init).replace(/^\?/, "")));
    }
    #tell() { this.#changed?.(this.toString()); }
    get size() { return this.#pairs.length; }
    append(name, value) { this.#pairs.push([String(name), String(value)]); this.#tell(); }
    delete(name) { this.#pairs = this.#pairs.filter(([known]) => known !== String(name)); this.#tell(); }
    get(name) { return this.#pairs.find(([known]) => known === String(name))?.[1] ?? null; }
    getAll(name) { return this.#pairs.filter(([known]) => known === String(name)).map(([, value]) => value); }
    has(name) { return this.#pairs.some(([known]) => known === String(name)); }
    set(name, value) {
      const at = this.#pairs.findIndex(([known]) => known === String(name));
      if (at < 0) this.#pairs.push([String(name), String(value)]);
      else this.#pairs = this.#pairs.filter(([known], i) => i <= at || known !== String(name)).with(at, [String(name), String(value)]);
      this.#tell();
    }
    sort() { this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#tell(); }
    forEach(work, self) { for (const [name, value] of this.#pairs) work.call(self, value, name, this); }
    *entries() { yield* this.#pairs.map((pair) => [...pair]); }
    *keys() { for (const [name] of this.#pairs) yield name; }
    *values() { for (const [, value] of this.#pairs) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return host.writeForm(JSON.stringify(this.#pairs)); }
  }
  const PARTS = ["href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"];
  class URL {
    #parts;
    #params;
    constructor(href, base = undefined) {
      const parts = host.readUrl(String(href), base === undefined ? undefined : String(base));
      if (parts === undefined) throw new TypeError(`${href} is no address`);
      this.#parts = JSON.parse(parts);
    }
    static canParse(href, base = undefined) { return host.readUrl(String(href), base === undefined ? undefined : String(base)) !== undefined; }
    static part(url, name) { return url.#parts[name]; }
    static change(url, name, value) {
      const parts = host.changeUrl(url.#parts.href, name, String(value));
      if (parts === undefined) {
        if (name === "href") throw new TypeError(`${value} is no address`);
        return;
      }
      url.#parts = JSON.parse(parts);
      if (name === "href" || name === "search") url.#params = undefined;
    }
    get origin() { return this.#parts.origin; }
    get searchParams() {
      const told = (query) => { this.#parts = JSON.parse(host.changeUrl(this.#parts.href, "search", query)); };
      return (this.#params ??= new URLSearchParams(this.#parts.search, told));
    }
    toString() { return this.#parts.href; }
    toJSON() { return this.#parts.href; }
  }
  const { part, change } = URL;
  delete URL.part;
  delete URL.change;
  for (const name of PARTS) {
    Object.defineProperty(URL.prototype, name, { get() { return part(this, name); }, set(value) { change(this, name, value); }, enumerable: true, configurable: true });
  }

  // ── asking
  const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
  class Headers {
    #lists = new Map();
    constructor(init = {}) {
      const pairs = init instanceof Headers || Array.isArray(init) ? [...init] : Object.entries(init);
      for (const [name, value] of pairs) this.append(name, value);
    }
    static name(name) {
      const text = String(name).toLowerCase();
      if (!TOKEN.test(text)) throw new TypeError(`${name} is no name of a header`);
      return text;
    }
    append(name, value) {
      const key = nameOf(name);
      const text = String(value).trim();
      if (/[\0\r\n]/.test(text)) throw new TypeError(`the value of ${key} has a line break`);
      this.#lists.set(key, [...(this.#lists.get(key) ?? []), text]);
    }
    delete(name) { this.#lists.delete(nameOf(name)); }
    get(name) { return this.#lists.get(nameOf(name))?.join(", ") ?? null; }
    getSetCookie() { return [...(this.#lists.get("set-cookie") ?? [])]; }
    has(name) { return this.#lists.has(nameOf(name)); }
    set(name, value) { this.delete(name); this.append(name, value); }
    forEach(work, self) { for (const [name, value] of this) work.call(self, value, name, this); }
    *entries() { for (const name of [...this.#lists.keys()].sort()) yield [name, this.get(name)]; }
    *keys() { for (const [name] of this) yield name; }
    *values() { for (const [, value] of this) yield value; }
    [Symbol.iterator]() { return this.entries(); }
  }
  const nameOf = Headers.name;
  delete Headers.name;

  class AbortSignal {
    #listeners = [];
    aborted = false;
    reason = undefined;
    onabort = null;
    addEventListener(type, work) { if (type === "abort") this.#listeners.push(work); }
    removeEventListener(type, work) { this.#listeners = this.#listeners.filter((one) => one !== work); }
    throwIfAborted() { if (this.aborted) throw this.reason; }
    static end(signal, reason) {
      if (signal.aborted) return;
      signal.aborted = true;
      signal.reason = reason ?? Object.assign(new Error("this was aborted"), { name: "AbortError" });
      const event = { type: "abort", target: signal };
      for (const work of [signal.onabort, ...signal.#listeners]) work?.call(signal, event);
    }
    static abort(reason) { const signal = new AbortSignal(); end(signal, reason); return signal; }
    static timeout(ms) {
      const signal = new AbortSignal();
      setTimeout(() => end(signal, Object.assign(new Error(`this took longer than ${ms} ms`), { name: "TimeoutError" })), ms);
      return signal;
    }
  }
  const { end } = AbortSignal;
  delete AbortSignal.end;
  class AbortController {
    signal = new AbortSignal();
    abort(reason) { end(this.signal, reason); }
  }

  const bodyOf = (body) => {
    if (body === undefined || body === null) return [new Uint8Array(), undefined];
    if (typeof body === "string") return [host.utf8(body), "text/plain;charset=UTF-8"];
    if (body instanceof URLSearchParams) return [host.utf8(body.toString()), "application/x-www-form-urlencoded;charset=UTF-8"];
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return [bytesOf(body).slice(), undefined];
    throw new TypeError("a body is text, bytes or URLSearchParams; write an object with JSON.stringify");
  };
  class Body {
    #bytes;
    bodyUsed = false;
    constructor(bytes) { this.#bytes = bytes; }
    #take() {
      if (this.bodyUsed) throw new TypeError("the body was read already");
      this.bodyUsed = true;
      return this.#bytes;
    }
    static copy(body) {
      if (body.bodyUsed) throw new TypeError("the body was read already");
      return body.#bytes.slice();
    }
    async bytes() { return this.#take(); }
    async arrayBuffer() { return this.#take().slice().buffer; }
    async text() { return new TextDecoder().decode(this.#take()); }
    async json() { return JSON.parse(await this.text()); }
  }
  const { copy } = Body;
  delete Body.copy;
  class Request extends Body {
    constructor(input, init = {}) {
      const other = input instanceof Request ? input : undefined;
      const [bytes, type] = init.body === undefined && other ? [copy(other), undefined] : bodyOf(init.body);
      super(bytes);
      this.url = new URL(other ? other.url : String(input)).href;
      this.method = String(init.method ?? other?.method ?? "GET").toUpperCase();
      this.headers = new Headers(init.headers ?? other?.headers);
      this.signal = init.signal ?? other?.signal ?? new AbortSignal();
      if (bytes.length > 0 && (this.method === "GET" || this.method === "HEAD")) throw new TypeError(`${this.method} sends nothing along`);
      if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    }
    clone() { return new Request(this); }
  }
  class Response extends Body {
    constructor(body = null, { status = 200, statusText = "", headers = {}, url = "" } = {}) {
      const [bytes, type] = bodyOf(body);
      super(bytes);
      this.status = status;
      this.statusText = statusText;
      this.headers = new Headers(headers);
      this.url = url;
      if (type && !this.headers.has("content-type")) this.headers.set("content-type", type);
    }
    get ok() { return this.status >= 200 && this.status < 300; }
    clone() { return new Response(copy(this), this); }
  }
  const waiting = new Map();
  let asked = 0;
  const fetch = async (input, init = {}) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    return await new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, { resolve, reject });
      request.signal.addEventListener("abort", () => waiting.delete(id) && reject(request.signal.reason));
      host.ask(id, request.method, request.url, JSON.stringify([...request.headers]), copy(request));
    });
  };
  const deliver = (id, status, url, headers, body) => {
    const waits = waiting.get(id);
    if (!waits) return;
    waiting.delete(id);
    if (status === 0) waits.reject(new TypeError(url));
    else waits.resolve(new Response(body, { status, url, headers: JSON.parse(headers) }));
  };

  // ── crypto
  const crypto = {
    getRandomValues(view) {
      const bytes = bytesOf(view);
      if (bytes.length > 65536) throw Object.assign(new Error("at most 65536 bytes at a time"), { name: "QuotaExceededError" });
      bytes.set(host.random(bytes.length));
      return view;
    },
    randomUUID() {
      const bytes = host.random(16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
    subtle: {
      async digest(algorithm, data) {
        const name = String(algorithm?.name ?? algorithm).toUpperCase();
        const digest = host.digest(name, bytesOf(data));
        if (digest === undefined) throw Object.assign(new Error(`the digest ${name} is not known`), { name: "NotSupportedError" });
        return digest.buffer;
      },
    },
  };

  const web = { TextEncoder, TextDecoder, btoa, atob, console, setTimeout, setInterval, clearTimeout: stop, clearInterval: stop, URL, URLSearchParams, Headers, AbortSignal, AbortController, Request, Response, fetch, crypto };
  web.performance = { now: () => host.now() };
  for (const [name, value] of Object.entries(web)) Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });

  // ── a call
  const find = (module, names) => {
    for (const name of names) {
      const found = module[name] ?? module.default?.[name];
      if (typeof found === "function") return found;
    }
    throw new TypeError(`the code exports no function ${names[0]}`);
  };
  const json = (result) => (result === undefined ? "null" : JSON.stringify(result) ?? "null");
  /** Runs one call; answers a promise of the result in JSON, empty for work that has none. */
  const run = async (module, task, secrets) => {
    const context = Object.freeze({
      // What stands in a secret's place; the server puts the secret where its administrator said.
      secrets: Object.freeze(Object.fromEntries(secrets.map((name) => [name, `[secret ${name}]`]))),
      log: console,
      partial: (value) => host.partial(json(value)),
    });
    if (task.background) {
      await find(module, ["backgroundTask", "background_task"])(context);
      return "";
    }
    return json(await find(module, ["fetchData", "fetch_data"])(task.data, task.kind, context));
  };
  return { run, deliver, due, fire, isWaiting: () => waiting.size > 0 };
})
