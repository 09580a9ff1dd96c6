//! Comma-separated values: every cell in quotes, none a formula.

use crate::audit::read::Row;
use crate::audit::read::plain;
use crate::audit::record::moment;

/// The line of the names of the columns.
pub(super) fn head() -> String {
    "time,began,code,stage,instance,seq,call,principal,tool,product,access,resources,decision,reason,policies,outcome,\
     status,error,duration_ms,bytes,items,withheld,client,method,address,details"
        .to_owned()
}

/// The line of a row.
pub(super) fn line(row: &Row) -> String {
    let fields = &row.last().fields;
    let said = |said: Option<&str>| said.unwrap_or_default().to_owned();
    let decision = row.decision();
    let result = fields.result.as_ref();
    let details = row.call().is_none().then(|| serde_json::Value::from(row.last().besides()).to_string());
    let cells = [
        moment(row.time()),
        moment(row.began()),
        fields.code.clone(),
        fields.stage.clone(),
        fields.instance.clone(),
        fields.seq.to_string(),
        said(row.call()),
        row.who().unwrap_or_default(),
        said(row.tool()),
        said(row.latest(|fields| fields.product.as_deref())),
        said(row.latest(|fields| fields.access.as_deref())),
        row.resources().join("; "),
        said(decision.map(|decision| decision.effect.as_str())),
        said(decision.and_then(|decision| decision.reason.as_deref()).or(fields.reason.as_deref())),
        decision.map(|decision| decision.policies.join("; ")).unwrap_or_default(),
        said(row.outcome()),
        fields.status.map(|status| status.to_string()).unwrap_or_default(),
        said(fields.error.as_deref()),
        fields.duration_ms.map(|duration| format!("{duration:.3}")).unwrap_or_default(),
        result.map(|result| result.bytes.to_string()).unwrap_or_default(),
        result.and_then(|result| result.items).map(|items| items.to_string()).unwrap_or_default(),
        result.map(|result| result.withheld.to_string()).unwrap_or_default(),
        said(row.latest(|fields| fields.client.as_deref())),
        said(row.latest(|fields| fields.method.as_deref())),
        said(row.latest(|fields| fields.address.as_deref())),
        details.unwrap_or_default(),
    ];
    cells.map(|cell| self::cell(&cell)).join(",")
}

/// A cell. What a spreadsheet would take for a formula begins with an apostrophe, and is a text.
fn cell(text: &str) -> String {
    let begins =
        |text: &str| text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%']);
    let mark = if begins(text) { "'" } else { "" };
    format!("\"{mark}{}\"", plain(text).replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts_and_quotes_end_nothing() {
        assert_eq!(cell("ann"), "\"ann\"");
        assert_eq!(cell("a,\"b\"\r\nc"), "\"a,\"\"b\"\"\\u{d}\\u{a}c\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "|calc", "%x"] {
            assert!(cell(formula).starts_with("\"'"), "{formula}");
        }
    }
}
