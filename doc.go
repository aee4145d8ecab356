// Package outdial is the vocabulary of an embeddable library for outbound
// calling: who acts (Actor, Role, Scope), on whom (Contact, Campaign), with what
// trace (Provenance, AuditEntry), how it is measured (Metric) and what can go wrong
// (the Err values).
//
// The rules live in the packages below it, each with one concrete Service that a
// host calls and one small Store interface that a database implements:
//
//   - queue decides which contact an agent calls next and never gives one
//     contact to two agents;
//   - queue/filter is the audience language, queue/intake brings contacts in;
//   - dialer is the power queue: contacts that the system calls by itself.
//     dialer/engine dials and connects, dialer/telephony takes the carrier's
//     reports, dialer/presence keeps the agents, dialer/sim simulates a carrier;
//   - suppression holds who must never be called: the list with its service and its
//     worker, consent, imports of registries. suppression/bloom answers most questions
//     about it from memory;
//   - store/postgres and store/sqlite keep all of it, in the host's own database
//     and, where asked, in the host's own transaction;
//   - storetest proves that a store, ours or anyone's, is collision-free;
//   - httpapi serves the queues, the suppression list and carriers' webhooks over HTTP.
//
// Nothing here opens a connection, starts a goroutine or reads the clock by
// itself. A host that wants the whole thing running first looks at
// examples/console; one that wants the smallest possible program looks at
// examples/embed.
package outdial
