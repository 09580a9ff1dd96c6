//! `atlassian`.
