//! Code that wants out, or wants everything: contained, and the next call knows nothing of it.

use std::time::Duration;

use runners::{Engine as _, Limits};

use super::{LIMITS, World, call, run_with, runner, said};

/// One row is one attempt: what it is, the body of `fetchData`, and how it must end. Several endings are
/// divided by `|`; after `=` stands a result, `*` for any.
const ATTEMPTS: &[(&str, &str, &str)] = &[
    ("never returns", "for (;;) {}", "Cpu"),
    (
        "never returns, in a promise",
        "await (async () => { for (;;) {} })()",
        "Cpu",
    ),
    ("never returns, in jobs", "for (;;) await null", "Cpu"),
    (
        "catches its own end",
        "for (;;) { try { for (;;) {} } catch {} }",
        "Cpu",
    ),
    (
        "ends never, in finally",
        "try { for (;;) {} } finally { for (;;) {} }",
        "Cpu",
    ),
    (
        "a hungry expression",
        "return /^(a+)+$/.test('a'.repeat(60) + 'b')",
        "Cpu",
    ),
    (
        "sorts with a hook",
        "return [3, 1, 2].sort(() => { for (;;) {} })",
        "Cpu",
    ),
    (
        "a getter that spins",
        "return JSON.stringify({ get a() { for (;;) {} } })",
        "Cpu",
    ),
    (
        "a proxy that spins",
        "return new Proxy({}, { get() { for (;;) {} } }).x",
        "Cpu",
    ),
    (
        "timers without end",
        "const again = () => setTimeout(again, 0); again(); await new Promise(() => {})",
        "Cpu",
    ),
    (
        "memory, one string",
        "let s = 'x'; for (;;) s += s",
        "Memory|Code",
    ),
    (
        "memory, one array",
        "const a = []; for (;;) a.push(new Array(1000).fill(0))",
        "Memory",
    ),
    (
        "memory, one buffer",
        "return new ArrayBuffer(2 ** 40).byteLength",
        "Memory|Code",
    ),
    (
        "memory, many buffers",
        "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))",
        "Memory|Code",
    ),
    (
        "memory, a map",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x'.repeat(100) + i)",
        "Memory|Cpu",
    ),
    (
        "memory, closures",
        "let f = () => 0; for (;;) { const g = f; f = () => g }",
        "Memory|Cpu",
    ),
    (
        "memory, a rope",
        "return 'x'.repeat(2 ** 29).length",
        "Memory|Code",
    ),
    ("recursion", "const f = () => f() + 1; return f()", "Code"),
    (
        "recursion, in JSON",
        "let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a",
        "Code|Memory|Cpu",
    ),
    (
        "recursion, in a parser",
        "return JSON.parse('['.repeat(1e6))",
        "Code|Memory",
    ),
    (
        "recursion, in eval",
        "return eval('('.repeat(1e6))",
        "Code|Memory",
    ),
    ("too much output", "return 'x'.repeat(2 << 20)", "Output"),
    (
        "too much log",
        "for (;;) console.log('x'.repeat(8000))",
        "Output|Cpu",
    ),
    (
        "too many partial results",
        "for (;;) ctx.partial('x'.repeat(8000))",
        "Output|Cpu",
    ),
    ("modules of the host", "return await import('os')", "Code"),
    (
        "modules of the host, by path",
        "return await import('/etc/passwd')",
        "Code",
    ),
    (
        "modules of the host, by URL",
        "return await import('file:///etc/passwd')",
        "Code",
    ),
    (
        "files by fetch",
        "return (await fetch('file:///etc/passwd')).status",
        "=200",
    ),
    (
        "the interpreter's own tools",
        "return [typeof loadScript, typeof scriptArgs, typeof gc, typeof Worker, typeof SharedArrayBuffer === 'function' && typeof Atomics.wait]",
        "=*",
    ),
    (
        "the host behind fetch",
        "return Object.keys(fetch).concat(Object.getOwnPropertyNames(globalThis).filter((n) => /host/i.test(n)))",
        "=[]",
    ),
    (
        "the caller's own functions",
        "return String(Function.prototype.caller ?? 'none')",
        "=*|Code",
    ),
    (
        "poisoned prototypes",
        "Object.prototype.toJSON = () => 'mine'; Array.prototype.map = null; return {a: 1}",
        "=\"mine\"",
    ),
    (
        "a poisoned promise",
        "Promise.prototype.then = () => { throw 1 }; return 1",
        "Code|=1",
    ),
    ("a thenable that never ends", "return { then() {} }", "Code"),
    (
        "a thenable that ends twice",
        "return { then(done) { done(1); done(2) } }",
        "=1",
    ),
    (
        "a header with a line break",
        "await fetch('https://x.example/', { headers: { a: 'b\\r\\nhost: c' } })",
        "Code",
    ),
    (
        "a method with a line break",
        "return (await fetch('https://x.example/', { method: 'GET / HTTP/1.1\\r\\nA: b' })).status",
        "=*|Code",
    ),
    (
        "a request that never ends",
        "await fetch('https://x.example/slow')",
        "Wall",
    ),
    (
        "waits for ever",
        "await new Promise((done) => setTimeout(done, 2 ** 31))",
        "Wall",
    ),
    (
        "atomics that wait",
        "return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1e9)",
        "Code|Wall",
    ),
    (
        "numbers beyond",
        "return 2n ** (2n ** 40n)",
        "Code|Memory|Cpu",
    ),
    (
        "an error that is none",
        "throw { toString() { throw 1 }, get message() { for (;;) {} } }",
        "Code|Cpu",
    ),
    (
        "an error with a trap",
        "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;) {} } }); throw e",
        "Code|Cpu",
    ),
    ("throws nothing", "throw undefined", "Code"),
    ("text that is no text", "return '\\ud800'", "=*"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_end_as_they_must() {
    let short = Limits {
        wall: Duration::from_secs(10),
        cpu: Duration::from_millis(300),
        ..LIMITS
    };
    assert!(ATTEMPTS.len() >= 40, "{}", ATTEMPTS.len());
    let runner = runner();
    let mut escaped = Vec::new();
    for (name, code, expected) in ATTEMPTS {
        let code = format!("export async function fetchData(data, kind, ctx) {{ {code} }}");
        let limits = if *expected == "Wall" || expected.ends_with("|Wall") {
            Limits {
                wall: Duration::from_millis(400),
                ..short
            }
        } else {
            short
        };
        let world = std::sync::Arc::new(World::default());
        let finished = runner.execute(call(&code, limits), world as _).await;
        let found = said(finished);
        let fits = |expected: &str| match expected.strip_prefix('=') {
            Some("*") => {
                found.starts_with(['[', '"', '{', 'n', 't', 'f']) || found.parse::<f64>().is_ok()
            }
            Some(exact) => found == exact,
            None => found.starts_with(&format!("{expected}: ")),
        };
        if !expected.split('|').any(fits) {
            escaped.push(format!("{name}: {found:.200}, not {expected}"));
        }
        // The next call is as if nothing had been.
        let next = call(
            "export const fetchData = () => [typeof mine, ({}).toJSON]",
            LIMITS,
        );
        let next = runner
            .execute(next, std::sync::Arc::new(World::default()) as _)
            .await;
        assert_eq!(said(next), r#"["undefined",null]"#, "after {name}");
    }
    assert!(escaped.is_empty(), "{escaped:#?}");
}

// A secret that the code echoes is only the words that stand in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_inside_is_a_secret() {
    let code = "export const fetchData = (d, k, ctx) => JSON.stringify([ctx, globalThis])";
    let found = said(run_with(code, LIMITS).await.0);
    assert!(found.contains("[secret key]"), "{found}");
}
