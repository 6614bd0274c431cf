//! Records as OpenTelemetry logs: the JSON form of OTLP (`ExportLogsServiceRequest`), in which 64-bit numbers are texts.

use super::super::{acts::Outcome, store::Row};
use serde_json::{Value, json};
use uuid::Uuid;

/// INFO and WARN (OpenTelemetry's log data model, severity numbers).
const INFO: u8 = 9;
const WARN: u8 = 13;

/// The body of a request; `host` is the service's name.
pub(super) fn body(host: &str, log: Uuid, rows: &[Row]) -> Vec<u8> {
    let records: Vec<Value> = rows.iter().map(|row| record(log, row)).collect();
    let request = json!({ "resourceLogs": [{
        "resource": { "attributes": [pair("service.name", "nagaya"), pair("server.address", host)] },
        "scopeLogs": [{ "scope": { "name": "nagaya.activity" }, "logRecords": records }],
    }]});
    request.to_string().into_bytes()
}

fn record(log: Uuid, row: &Row) -> Value {
    let (number, name) = match row.outcome.as_deref().and_then(Outcome::from_name) {
        Some(Outcome::Success | Outcome::Begun) | None => (INFO, "INFO"),
        Some(_) => (WARN, "WARN"),
    };
    let nanoseconds = (i128::from(row.at_ms) * 1_000_000).to_string();
    let mut attributes = vec![
        pair("nagaya.log", &log.to_string()),
        pair("nagaya.index", &row.leaf_index.to_string()),
        pair("log.record.uid", &row.id.to_string()),
        pair("nagaya.clock", row.clock().state.name()),
    ];
    let user = row.user_id.map(|user| user.to_string());
    let subject = row.subject_id.map(|subject| subject.to_string());
    let us = row.clock().error_us.map(|us| us.to_string());
    for (name, value) in [
        ("nagaya.outcome", row.outcome.as_deref()),
        ("user.id", user.as_deref()),
        ("user.full_name", Some(row.who.as_str())),
        ("client.address", Some(&row.address)),
        ("nagaya.subject", subject.as_deref()),
        ("nagaya.detail", Some(&row.detail)),
        ("nagaya.clock_error_us", us.as_deref()),
    ] {
        attributes.extend(
            value
                .filter(|value| !value.is_empty())
                .map(|value| pair(name, value)),
        );
    }
    json!({
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": number,
        "severityText": name,
        "eventName": row.what,
        "body": { "stringValue": format!("{} {} {}", row.what, row.who, row.detail) },
        "attributes": attributes,
    })
}

fn pair(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}
