//! What code finds around it.

use std::sync::Arc;

use runners::{Code, Engine as _, Work};

use super::{LIMITS, World, body, call, run_with, runner, said};

// A source is written by somebody who knows the web platform: it must be what they know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_is_what_its_users_know() {
    let check = async |code: &str, expected: &str| {
        assert_eq!(body(code).await, expected, "{code}");
    };
    check(
        "return {data, kind}",
        r#"{"data":"evil.example.com","kind":"DOMAIN"}"#,
    )
    .await;
    check("return undefined", "null").await;
    check("return ctx.secrets.key", r#""[secret key]""#).await;
    check(
        "return new TextDecoder().decode(new TextEncoder().encode('grün 🦀'))",
        r#""grün 🦀""#,
    )
    .await;
    check("return [btoa('Hi!'), atob('SGkh')]", r#"["SGkh","Hi!"]"#).await;
    check(
        "const u = new URL('../b?x=1#f', 'https://u:p@Example.com:8443/a/c'); u.searchParams.append('y', 'ä&'); u.pathname = '/d e'; return [u.href, u.host, u.origin, u.hash]",
        r##"["https://u:p@example.com:8443/d%20e?x=1&y=%C3%A4%26#f","example.com:8443","https://example.com:8443","#f"]"##,
    )
    .await;
    check(
        "try { new URL('no') } catch (e) { return String(e) }",
        r#""TypeError: no is no address""#,
    )
    .await;
    check(
        "const p = new URLSearchParams({a: 1, b: 'x y'}); p.append('a', 2); return [p.getAll('a'), p.toString(), [...p.keys()]]",
        r#"[["1","2"],"a=1&b=x+y&a=2",["a","b","a"]]"#,
    )
    .await;
    check(
        "const d = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc')); return Array.from(new Uint8Array(d).slice(0, 3))",
        "[186,120,22]",
    )
    .await;
    check("return /^[0-9a-f-]{36}$/.test(crypto.randomUUID()) && crypto.getRandomValues(new Uint8Array(8)).length", "8").await;
    check("const at = performance.now(); await new Promise((done) => setTimeout(done, 20)); return performance.now() - at >= 19", "true").await;
    check("const said = []; setTimeout(() => said.push(2), 5); setTimeout(() => said.push(1), 1); const id = setTimeout(() => said.push(9), 2); clearTimeout(id); await new Promise((done) => setTimeout(done, 9)); return said", "[1,2]").await;
    check(
        "return [typeof process, typeof require, typeof Deno, typeof std, typeof os]",
        r#"["undefined","undefined","undefined","undefined","undefined"]"#,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_asks_goes_outside_and_comes_back() {
    let check = async |code: &str, expected: &str| {
        assert_eq!(body(code).await, expected, "{code}");
    };
    check("const r = await fetch('https://api.example.com/x'); return [r.status, r.ok, r.headers.get('Content-Type'), (await r.json()).method]", r#"[200,true,"application/json","GET"]"#).await;
    check(
        "const r = await fetch('https://api.example.com/missing'); return [r.status, r.ok]",
        "[404,false]",
    )
    .await;
    check("const r = await fetch('https://api.example.com/', {method: 'post', body: new URLSearchParams({q: 'a b'})}); return (await r.json()).body", r#""q=a+b""#).await;
    check(
        "try { await fetch('http://10.0.0.1/') } catch (e) { return String(e) }",
        r#""TypeError: 10.0.0.1 is a private address""#,
    )
    .await;
    check("const all = await Promise.all([1, 2, 3].map((n) => fetch(`https://api.example.com/${n}`))); return all.map((r) => r.url.at(-1))", r#"["1","2","3"]"#).await;
    check("try { await fetch('https://api.example.com/slow', {signal: AbortSignal.timeout(10)}) } catch (e) { return e.name }", r#""TimeoutError""#).await;
    check("try { await fetch('https://x/', {headers: {'a\\nb': '1'}}) } catch (e) { return e instanceof TypeError }", "true").await;
    let many = "let n = 0; try { for (;;) { await fetch('https://api.example.com/'); n++ } } catch (e) { return [n, String(e)] }";
    check(
        many,
        r#"[8,"TypeError: this call has made all requests that it may"]"#,
    )
    .await;
    let (finished, world) = run_with("export const fetchData = async () => { await fetch('https://api.example.com/', {method: 'POST', headers: {'X-Key': 'k'}, body: '{}'}); }", LIMITS).await;
    assert_eq!(finished.usage.requests, 1);
    let asked = world.asked.lock();
    let header = |name: &str| {
        asked[0]
            .headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(header("x-key"), Some(b"k".to_vec()));
    assert_eq!(
        header("content-type"),
        Some(b"text/plain;charset=UTF-8".to_vec())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_speaks_while_it_runs_and_says_what_it_used() {
    let code = "export async function fetchData(data, kind, ctx) { console.log('one', {a: 1}); ctx.log.warn('two'); ctx.partial([1]); return 'x'.repeat(10) }";
    let (finished, world) = run_with(code, LIMITS).await;
    assert_eq!(*world.log.lock(), [r#"Info one {"a":1}"#, "Warning two"]);
    assert_eq!(*world.partial.lock(), ["[1]"]);
    assert_eq!(finished.outcome.unwrap(), r#""xxxxxxxxxx""#);
    let usage = finished.usage;
    assert!(
        usage.wall.as_micros() > 0 && usage.cpu.as_micros() > 0,
        "{usage:?}"
    );
    assert!(usage.memory_bytes > 1 << 20, "{usage:?}");
    assert_eq!(usage.output_bytes, 11 + 3 + 3 + 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_by_schedule_has_no_result() {
    let world = Arc::new(World::default());
    let code = "export default { backgroundTask(ctx) { ctx.log.info('pulled'); return 7 } }";
    let mut asked = call(code, LIMITS);
    asked.work = Work::BackgroundTask;
    let finished = runner().execute(asked, Arc::clone(&world) as _).await;
    assert_eq!(finished.outcome.unwrap(), "");
    assert_eq!(*world.log.lock(), ["Info pulled"]);
}

// Who writes code wants to know where it is wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_name_their_place() {
    let code = "export async function fetchData() {\n  await null;\n  nothing.there();\n}";
    let failure = run_with(code, LIMITS).await.0.outcome.unwrap_err();
    assert_eq!(failure.message, "ReferenceError: nothing is not defined");
    assert!(
        failure.traceback.contains("source.js:3"),
        "{}",
        failure.traceback
    );
    let check = async |code: &str, expected: &str| {
        assert_eq!(said(run_with(code, LIMITS).await.0), expected, "{code}");
    };
    check(
        "export const other = 1",
        "Code: TypeError: the code exports no function fetchData",
    )
    .await;
    check("throw 'up'", "Code: up").await;
    check(
        "export const fetchData = () => new Promise(() => {})",
        "Code: it waits for a promise that nobody will settle",
    )
    .await;
    check(
        "import x from 'fs'; export const fetchData = () => x",
        "Code: ReferenceError: could not load module 'fs'",
    )
    .await;
    check(
        "export const fetchData = () => { const a = {}; a.a = a; return a }",
        "Code: TypeError: circular reference",
    )
    .await;
    let problems = runner()
        .check(Code::new("export function fetchData() {\n  return 1 +;\n}"))
        .await;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].line, 2);
    assert!(
        problems[0].message.starts_with("SyntaxError"),
        "{problems:?}"
    );
    assert_eq!(runner().check(Code::new("while (true) {}")).await, []);
}
