//! What the functions mean, and that no script harms.

use super::*;

const SHORT: Duration = Duration::from_millis(300);

fn said(expression: &str) -> String {
    let script = format!(
        "const MONTHS = ['JAN','FEB','MAR','APR','MAY','JUN','JUL','AUG','SEP','OCT','NOV','DEC'];
         function FindProxyForURL(url, host) {{ return String({expression}); }}"
    );
    Engine::default()
        .run(&script, "https://jira.example.com/", "jira.example.com")
        .unwrap_or_else(|error| format!("error: {error}"))
}

const TODAY: &str = "dateRange(new Date().getUTCDate(), MONTHS[new Date().getUTCMonth()], 'GMT')";
const SAME_DAY_OF_NEXT_MONTH: &str =
    "dateRange(new Date().getUTCDate(), MONTHS[(new Date().getUTCMonth() + 1) % 12], 'GMT')";
const FIRST_OF_NEXT_MONTH: &str = "dateRange(1, MONTHS[(new Date().getUTCMonth() + 1) % 12], 'GMT')";
const TODAY_NEXT_YEAR: &str = "dateRange(new Date().getUTCDate(), MONTHS[new Date().getUTCMonth()], new Date().getUTCFullYear() + 1, 'GMT')";

#[test]
fn the_functions_of_scripts() {
    let table = [
        ("url + ' ' + host", "https://jira.example.com/ jira.example.com"),
        ("isPlainHostName('jira')", "true"),
        ("isPlainHostName('jira.example.com')", "false"),
        ("dnsDomainIs('jira.Example.com', '.example.com')", "true"),
        ("dnsDomainIs('jira.example.com.evil.net', '.example.com')", "false"),
        ("localHostOrDomainIs('jira', 'jira.example.com')", "true"),
        ("localHostOrDomainIs('jira.other.com', 'jira.example.com')", "false"),
        ("localHostOrDomainIs('jira.example.com', 'jira.example.com')", "true"),
        ("dnsResolve('10.1.2.3')", "10.1.2.3"),
        ("dnsResolve('localhost')", "127.0.0.1"),
        ("isResolvable('')", "false"),
        ("isInNet('10.1.2.3', '10.1.0.0', '255.255.0.0')", "true"),
        ("isInNet('10.2.2.3', '10.1.0.0', '255.255.0.0')", "false"),
        ("isInNet('192.168.1.1', '192.0.0.0', '255.0.0.0')", "true"),
        ("isInNet('10.1.2.3', '0.0.0.0', 'nonsense')", "false"),
        ("isInNet('10.1.2.3', 'nonsense', '0.0.0.0')", "false"),
        ("isInNet('10.1.2.3', '10.1.2.3', '255.255.255.0x')", "false"),
        ("convert_addr('104.16.41.2')", "1745889538"),
        ("convert_addr('255.255.255.255')", "-1"),
        ("(convert_addr('192.0.2.1') & convert_addr('255.255.255.0')) === convert_addr('192.0.2.0')", "true"),
        ("convert_addr('x')", "0"),
        ("convert_addr('1..2.3')", "0"),
        ("dnsDomainLevels('www.example.com')", "2"),
        ("shExpMatch('http://a/b.html', '*/b.*')", "true"),
        ("shExpMatch('jira.example.com', '*.example.org')", "false"),
        ("shExpMatch('jira', 'j?ra')", "true"),
        ("shExpMatch('jira.x', 'jira?')", "false"),
        ("shExpMatch('(a+b)', '(a+b)')", "true"),
        ("shExpMatch('', '*')", "true"),
        ("weekdayRange('SUN', 'SAT')", "true"),
        ("weekdayRange('NOW')", "false"),
        ("weekdayRange(['SUN','MON','TUE','WED','THU','FRI','SAT'][new Date().getUTCDay()], 'GMT')", "true"),
        ("dateRange(1, 31)", "true"),
        ("dateRange('JAN', 'DEC', 'GMT')", "true"),
        ("dateRange(1999)", "false"),
        ("dateRange(1999, 2999)", "true"),
        ("dateRange(1, 'JAN', 1999, 31, 'DEC', 2999)", "true"),
        ("dateRange('JAN', 1999, 'DEC', 2000)", "false"),
        ("dateRange('SMARCH')", "false"),
        ("dateRange()", "false"),
        (TODAY, "true"),
        (SAME_DAY_OF_NEXT_MONTH, "false"),
        (FIRST_OF_NEXT_MONTH, "false"),
        (TODAY_NEXT_YEAR, "false"),
        ("timeRange(0, 23)", "true"),
        ("timeRange(0, 0, 23, 59)", "true"),
        ("timeRange(0, 0, 0, 23, 59, 59, 'GMT')", "true"),
        ("timeRange(24)", "false"),
        ("__within(1, 5, 1) && __within(6, 5, 1) && !__within(3, 5, 1)", "true"),
        ("alert('words')", "undefined"),
        ("alert()", "undefined"),
        ("/^\\d+\\.\\d+\\.\\d+\\.\\d+$/.test(myIpAddress())", "true"),
    ];
    for (expression, wanted) in table {
        assert_eq!(said(expression), wanted, "{expression}");
    }
}

#[test]
fn old_scripts_are_read_as_they_were_meant() {
    let table = [
        ("function FindProxyForURL(url, host) { proxy = 'DIRECT'; return proxy }", "DIRECT"),
        ("function FindProxyForURL(url, host) { with ({a: 'DIRECT'}) { return a } }", "DIRECT"),
        ("FindProxyForURL = function() { return null }", ""),
        ("FindProxyForURL = function() { }", ""),
    ];
    for (script, wanted) in table {
        assert_eq!(Engine::default().run(script, "https://a/", "a").as_deref(), Ok(wanted), "{script}");
    }
}

#[test]
fn a_script_that_means_harm_ends() {
    let table = [
        "while (true) {}",
        "function FindProxyForURL() { while (true) {} }",
        "function FindProxyForURL() { let a = []; while (true) { a.push(new Array(1e6).fill(1)) } }",
        "function FindProxyForURL() { let a = 'x'; while (true) { a = a + a } }",
        "function FindProxyForURL() { return 'x'.repeat(1 << 29) }",
        "function FindProxyForURL() { return f(); function f() { return f() + 1 } }",
        "function FindProxyForURL() { return JSON.parse('['.repeat(1e6)) }",
        "function FindProxyForURL() { return /(a+)+$/.test('a'.repeat(60) + 'b') && 'DIRECT' }",
        "function FindProxyForURL() { while (true) { try { while (true) {} } catch (e) {} } }",
        "function FindProxyForURL() { throw new Error('no\\nway') }",
        "function FindProxyForURL() { return {} }",
        "function FindProxyForURL() { return 7 }",
        "function FindProxyForURL( {",
        "var a = 1;",
        "",
    ];
    for script in table {
        let since = Instant::now();
        let error = Engine::default().run_for(SHORT, script, "https://a/", "a").unwrap_err().to_string();
        assert!(!error.is_empty() && !error.contains('\n'), "{script}: {error:?}");
        assert!(since.elapsed() < 20 * SHORT, "{script}");
    }
}

#[test]
fn a_run_that_cannot_be_interrupted_is_left_behind_and_there_are_few_of_them() {
    let engine = Engine::default();
    let harmless = "function FindProxyForURL() { return 'DIRECT' }";
    assert_eq!(engine.run(harmless, "https://a/", "a").as_deref(), Ok("DIRECT"));
    let table = [
        "function FindProxyForURL() { new Array(4294967295).sort() }",
        "function FindProxyForURL() { return 'a'.repeat(1 << 21).indexOf('a'.repeat(1 << 20) + 'b') }",
        // It does not run any more.
        harmless,
    ];
    let since = Instant::now();
    let errors =
        table.map(|script| engine.run_for(SHORT, script, "https://a/", "a").unwrap_err().to_string());
    assert!(since.elapsed() < 20 * SHORT, "{:?}", since.elapsed());
    for (error, wanted) in
        errors.iter().zip(["it ran for more than", "it ran for more than", "start this program"])
    {
        assert!(error.contains(wanted), "{errors:?}");
    }
}

#[test]
fn a_script_reaches_nothing_else() {
    for name in
        ["fetch", "require", "process", "std", "os", "XMLHttpRequest", "WebAssembly", "setTimeout", "print"]
    {
        assert_eq!(said(&format!("typeof {name}")), "undefined");
    }
}
