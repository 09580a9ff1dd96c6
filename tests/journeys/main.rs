//! Journeys: the real binary in front of the sample upstream, as a client and an operator meet it.
//!
//! They are modules of one test binary, because linking it takes longer than running them.
#![cfg(test)]

#[expect(dead_code, reason = "the tests of the protocol alone use more of it")]
#[path = "../openbao/bao.rs"]
mod bao;

mod advisories;
mod attributes;
mod audit_copies;
mod audit_crash;
mod audit_disk;
mod audit_flood;
mod audit_log;
mod audit_reads;
mod audit_records;
mod audit_sinks;
mod boards;
mod boundary;
mod brakes;
mod confluence_details;
mod confluence_drafts;
mod confluence_hidden;
mod confluence_pages;
mod confluence_posts;
mod confluence_reads;
mod confluence_talk;
mod every_fault;
mod failing;
mod faults;
mod former_keys;
mod hostile;
mod http_edges;
mod jira;
mod jira_areas;
mod jira_takes;
mod jira_texts;
mod jira_told;
mod jira_writes;
mod leaving;
mod listed;
mod listener;
mod logins;
mod named;
mod named_elsewhere;
mod narrowed;
mod paged;
mod patience;
mod policies;
mod projects_by_name;
mod promises;
mod proofs;
mod reload;
mod renewal;
mod rotation;
mod sites;
mod startup;
mod stdio;
mod support;
mod sweep;
mod tour;
mod unlisted;
mod vault;
